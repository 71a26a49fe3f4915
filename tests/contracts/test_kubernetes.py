"""The Kubernetes base renders, and names only what exists."""

import json
import shutil
import subprocess
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from gateway.domain.schedule import CRON, TIME_ZONE
from posthorn.main import app
from tests.architecture.tree import SERVICES
from tests.contracts.deployment import PASSWORDS, ROOT, load, variables

BASE = ROOT / "deploy/k8s"
FILES = sorted(p for p in BASE.rglob("*.yaml"))


def patches(service: str) -> list[dict[str, Any]]:
    kustomization = load(f"deploy/k8s/services/{service}/kustomization.yaml")
    return [operation for patch in kustomization["patches"] for operation in yaml.safe_load(patch["patch"])]


def own_environment(service: str) -> dict[str, dict[str, Any]]:
    return {o["value"]["name"]: o["value"] for o in patches(service) if o["op"] == "add"}


def pods() -> list[dict[str, Any]]:
    specs = [load(f"deploy/k8s/{name}.yaml")["spec"] for name in ("template/deployment", "migrate", "daily")]
    return [spec.get("jobTemplate", {"spec": spec})["spec"]["template"]["spec"] for spec in specs]


def test_every_folder_is_listed() -> None:
    assert {p.parent.name for p in BASE.glob("services/*/kustomization.yaml")} == set(SERVICES)
    assert [r for r in load("deploy/k8s/kustomization.yaml")["resources"] if r.startswith("services/")] == [
        f"services/{service}" for service in SERVICES
    ]


@pytest.mark.parametrize("service", SERVICES)
def test_service_has_its_name_image_and_role(service: str) -> None:
    kustomization = load(f"deploy/k8s/services/{service}/kustomization.yaml")
    assert {"op": "replace", "path": "/metadata/name", "value": service} in patches(service)
    assert kustomization["images"] == [{"name": "posthorn-service", "newName": f"posthorn-{service}"}]
    assert kustomization["labels"][0]["pairs"]["app.kubernetes.io/name"] == service
    database = own_environment(service)["DATABASE_URL"]["valueFrom"]["secretKeyRef"]
    assert database == {"name": "posthorn", "key": f"{service}-database-url"}


@pytest.mark.parametrize("service", SERVICES)
def test_variables_exist_in_the_settings(service: str) -> None:
    assert set(own_environment(service)) <= variables(service)


def test_shared_variables_exist_in_some_settings() -> None:
    known = set().union(*(variables(service) for service in SERVICES))
    assert set(load("deploy/k8s/config.yaml")["data"]) <= known
    assert {e["name"] for e in pods()[0]["containers"][0]["env"]} <= known


def test_migration_gets_every_password() -> None:
    environment = pods()[1]["containers"][0]["env"]
    assert {e["name"] for e in environment} == {"DATABASE_URL", "AMQP_URL", *PASSWORDS}


def test_secrets_come_by_reference_only() -> None:
    given = [e for pod in pods() for e in pod["containers"][0]["env"]]
    given += [value for service in SERVICES for value in own_environment(service).values()]
    plain = [e for e in given if set(e) != {"name", "valueFrom"} or set(e["valueFrom"]) != {"secretKeyRef"}]
    assert plain == [{"name": "POSTHORN_URL", "value": "http://gateway"}]
    assert not [p for p in FILES if "kind: Secret" in p.read_text("utf8")]


@pytest.mark.parametrize("pod", pods(), ids=["service", "migrate", "daily"])
def test_pods_run_without_privileges(pod: dict[str, Any]) -> None:
    assert pod["securityContext"]["runAsNonRoot"]
    assert not pod["automountServiceAccountToken"]
    (container,) = pod["containers"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert container["resources"]["limits"]["memory"]


def test_the_daily_job_runs_a_command_that_exists_at_seven_in_toronto() -> None:
    spec = load("deploy/k8s/daily.yaml")["spec"]
    assert (spec["schedule"], spec["timeZone"], spec["concurrencyPolicy"]) == (CRON, TIME_ZONE, "Forbid")
    _, *words = pods()[2]["containers"][0]["command"]
    assert CliRunner().invoke(app, [*words, "--help"]).exit_code == 0


def test_liveness_never_asks_the_database() -> None:
    (container,) = pods()[0]["containers"]
    assert container["livenessProbe"]["httpGet"]["path"] == "/healthz"
    assert container["startupProbe"]["httpGet"]["path"] == "/healthz"
    assert container["readinessProbe"]["httpGet"]["path"] == "/readyz"


@pytest.mark.skipif(
    not shutil.which("kubectl"), reason="kubectl is not installed: the files are still checked one by one"
)
def test_base_renders() -> None:
    rendered = subprocess.run(["kubectl", "kustomize", str(BASE)], capture_output=True, text=True, check=True).stdout
    objects = [(o["kind"], o["metadata"]["name"]) for o in yaml.safe_load_all(rendered)]
    for kind in ("Deployment", "Service", "PodDisruptionBudget"):
        assert sorted(name for k, name in objects if k == kind) == sorted(SERVICES)
    assert {("Job", "migrate"), ("CronJob", "jobs-etl-daily")} <= set(objects)
    deployments = [o for o in yaml.safe_load_all(rendered) if o["kind"] == "Deployment"]
    assert all(
        d["spec"]["selector"]["matchLabels"].items() <= d["spec"]["template"]["metadata"]["labels"].items()
        for d in deployments
    ), json.dumps(deployments)
