"""Prometheus scrapes every service, and dashboards and alerts use metrics that exist."""

import json
import re
from typing import Any

from tests.architecture.tree import SERVICES
from tests.contracts.deployment import ROOT, load, metric_names, port

OURS = re.compile(r"\b((?:posthorn|extractor|normalizer|enricher|ranker|notifier|gateway)_[a-z_]+)\b")
SUFFIXES = ("_bucket", "_count", "_sum")
DASHBOARDS = sorted((ROOT / "deploy/monitoring/grafana/dashboards").glob("*.json"))


def used(text: str) -> set[str]:
    names = set(OURS.findall(text))
    return {name.removesuffix(next((s for s in SUFFIXES if name.endswith(s)), "")) for name in names}


def panels() -> list[dict[str, Any]]:
    return [p for path in DASHBOARDS for p in json.loads(path.read_text("utf8"))["panels"]]


def test_every_service_is_scraped_on_its_port() -> None:
    jobs = {
        job["job_name"]: job["static_configs"] for job in load("deploy/monitoring/prometheus.yml")["scrape_configs"]
    }
    targets = {config["labels"]["service"]: config["targets"] for config in jobs["posthorn"]}
    assert targets == {service: [f"{service}:{port(service)}"] for service in SERVICES}


def test_dashboards_use_metrics_that_exist() -> None:
    queries = " ".join(target["expr"] for panel in panels() for target in panel["targets"])
    assert used(queries)
    assert used(queries) <= metric_names()


def test_alerts_use_metrics_that_exist() -> None:
    rules = [rule for group in load("deploy/monitoring/alerts.yml")["groups"] for rule in group["rules"]]
    assert used(" ".join(rule["expr"] for rule in rules)) <= metric_names()
    assert all(
        rule["annotations"]["summary"] and rule["labels"]["severity"] in {"warning", "critical"} for rule in rules
    )


def test_every_panel_asks_the_provisioned_source() -> None:
    (source,) = load("deploy/monitoring/grafana/datasources/prometheus.yml")["datasources"]
    assert {panel["datasource"]["uid"] for panel in panels()} == {source["uid"]}


def test_a_metric_that_does_not_exist_is_found() -> None:
    assert used('rate(posthorn_dreams_total{x="a"}[5m])') == {"posthorn_dreams_total"}
    assert "posthorn_dreams_total" not in metric_names()
