"""docker-compose.yml is valid and says what the code reads."""

import json
import re
import subprocess
import sys

import pytest

from common.messaging.rabbit_topology import Topology
from tests.architecture.tree import SERVICES
from tests.contracts.deployment import PASSWORDS, READ_ELSEWHERE, ROOT, load, port, variables

STACK = load("docker-compose.yml")["services"]
SERVERS = {"postgres", "rabbitmq", "migrate", "prometheus", "grafana"}
SUBSTITUTED = re.compile(r"\$\{([A-Z_]+)")


def test_compose_file_is_valid() -> None:
    command = [
        sys.executable,
        "-m",
        "check_jsonschema",
        "--builtin-schema",
        "vendor.compose-spec",
        "docker-compose.yml",
    ]
    checked = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_stack_holds_the_six_services_and_their_servers() -> None:
    assert set(STACK) == {*SERVICES, *SERVERS}


@pytest.mark.parametrize("service", SERVICES)
def test_service_gets_only_variables_it_reads(service: str) -> None:
    assert set(STACK[service]["environment"]) <= variables(service)


@pytest.mark.parametrize("service", SERVICES)
def test_service_listens_on_its_own_port_and_uses_its_own_role(service: str) -> None:
    environment = STACK[service]["environment"]
    assert environment["PORT"] == str(port(service))
    password = f"{service.upper()}_DATABASE_PASSWORD"
    assert environment["DATABASE_URL"] == f"postgresql://{service}:${{{password}:?}}@postgres:5432/posthorn"


@pytest.mark.parametrize("service", SERVICES)
def test_service_is_built_for_itself_and_locked_down(service: str) -> None:
    built = STACK[service]
    assert built["build"]["args"] == {"SERVICE": service}
    assert (ROOT / built["build"]["dockerfile"]).is_file()
    assert built["read_only"]
    assert built["cap_drop"] == ["ALL"]
    assert built["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}
    assert "/readyz" in built["healthcheck"]["test"][-1]


def test_gateway_knows_where_the_others_are() -> None:
    environment = STACK["gateway"]["environment"]
    for service in set(SERVICES) - {"gateway"}:
        assert environment[f"{service.upper()}_URL"] == f"http://{service}:{port(service)}"


def test_migration_gets_every_password() -> None:
    assert set(STACK["migrate"]["environment"]) == {"DATABASE_URL", "AMQP_URL", *PASSWORDS}


def test_only_loopback_ports_are_opened() -> None:
    opened = [p for service in STACK.values() for p in service.get("ports", ())]
    assert opened
    assert [p for p in opened if not p.startswith("127.0.0.1:")] == []


def test_everything_that_runs_on_has_a_health_check() -> None:
    assert [name for name, service in STACK.items() if "healthcheck" not in service and name != "migrate"] == []


def test_mounted_files_exist() -> None:
    mounted = [v.split(":")[0] for service in STACK.values() for v in service.get("volumes", ()) if v.startswith("./")]
    assert [path for path in mounted if not (ROOT / path).exists()] == []


def test_env_example_names_every_setting_and_nothing_else() -> None:
    example = (ROOT / ".env.example").read_text("utf8")
    named = set(re.findall(r"^(?:# )?([A-Z][A-Z0-9_]+)=", example, re.MULTILINE))
    substituted = set(SUBSTITUTED.findall((ROOT / "docker-compose.yml").read_text("utf8")))
    read = set().union(*(variables(service) for service in SERVICES)) | READ_ELSEWHERE
    of_sources = variables("extractor") - variables("normalizer")
    own = {name for name in read if name not in of_sources} | {"ARCHIVE_URL", "BRONZE_PREFIX", "FETCH_CONCURRENCY"}
    assert own | substituted <= named, "add the missing names to .env.example"
    assert named <= read | substituted


def test_required_variables_have_a_value_in_env_example() -> None:
    required = set(re.findall(r"\$\{([A-Z_]+):\?", (ROOT / "docker-compose.yml").read_text("utf8")))
    given = set(re.findall(r"^([A-Z_]+)=.+$", (ROOT / ".env.example").read_text("utf8"), re.MULTILINE))
    assert required == given


def test_broker_policies_are_those_of_the_topology() -> None:
    script = (ROOT / "deploy/rabbitmq/set-policies.sh").read_text("utf8")
    (policy,) = Topology("posthorn", (5.0,)).policies()
    command = script.replace("\\\n", " ").splitlines()[-1]
    assert f"--apply-to {policy['apply-to']} --priority {policy['priority']} {policy['name']} " in command
    pattern, definition = re.findall(r"'([^']+)'", command)
    assert pattern == policy["pattern"]
    assert json.loads(definition) == policy["definition"]
