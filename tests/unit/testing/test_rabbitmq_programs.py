"""How a RabbitMQ is found, and unpacked from packages where none is installed; apt is played by scripts."""

from pathlib import Path

import pytest

from common.testing import rabbitmq_programs
from common.testing.rabbitmq import rabbitmq
from common.testing.rabbitmq_programs import RabbitUnavailableError, installed, unpacked

# Knows its packages with lists of its own only, as on an image that ships none.
CACHE = """
case "$*" in *Dir::State=*) printf 'rabbitmq-server\n  Depends: x\nerlang-base\nerlang-base-hipe\nlibc6\n' ;; esac
"""
GET = """
case "$*" in *" update") exit ;; esac
while [ "$1" != -q ]; do shift; done
shift
touch $(printf '%s.deb ' "$@")
"""
DEB = """
mkdir -p "$3/usr/lib/erlang/bin"
basename "$2" >> "$3/unpacked"
echo ROOTDIR=/usr/lib/erlang > "$3/usr/lib/erlang/bin/erl"
"""
APT = {"apt-cache": CACHE, "apt-get": GET, "dpkg-deb": DEB}


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with nothing but a shell."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("mkdir", "basename", "touch"):
        (folder / name).symlink_to(next(it for it in (Path("/bin") / name, Path("/usr/bin") / name) if it.exists()))
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.delenv(rabbitmq_programs.ROUTES_VARIABLE, raising=False)
    monkeypatch.delenv("AMQP_URL", raising=False)
    monkeypatch.setattr(rabbitmq_programs, "_SERVERS", ())
    return folder


def install(folder: Path, name: str, script: str = "exit 0") -> None:
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


def test_an_installed_server_is_found(tools: Path, tmp_path: Path) -> None:
    for name in ("rabbitmq-server", "epmd", "erl"):
        install(tools, name)
    programs = installed(tmp_path / "cache")
    assert (programs.server, programs.epmd, programs.env) == (tools / "rabbitmq-server", tools / "epmd", {})


def test_packages_are_unpacked_once_and_erlang_told_where_it_is(tools: Path, tmp_path: Path) -> None:
    for name, script in APT.items():
        install(tools, name, script)
    root = tmp_path / "cache" / "root"
    first = unpacked(tmp_path / "cache")
    assert first.server == root / "usr/lib/rabbitmq/bin/rabbitmq-server"
    assert first.env["PATH"].startswith(f"{root}/usr/lib/erlang/bin:")
    assert (root / "usr/lib/erlang/bin/erl").read_text() == f'ROOTDIR="{root}/usr/lib/erlang"\n'
    assert (root / "unpacked").read_text().split() == ["erlang-base.deb", "rabbitmq-server.deb"]
    install(tools, "apt-get", "exit 1")
    assert unpacked(tmp_path / "cache") == first


def test_a_failed_download_is_told_and_leaves_no_half_root(tools: Path, tmp_path: Path) -> None:
    for name, script in APT.items():
        install(tools, name, script)
    install(tools, "apt-get", "echo no network >&2; exit 100")
    with pytest.raises(RabbitUnavailableError, match="no network"):
        unpacked(tmp_path / "cache")
    assert not (tmp_path / "cache" / "root").exists()


@pytest.mark.usefixtures("tools")
def test_without_any_way_the_message_says_what_was_tried_and_what_to_do(tmp_path: Path) -> None:
    told = r"installed: not installed .* unpacked: no apt here.*apt-get install.*AMQP_URL.*TEST_WITHOUT_RABBITMQ=1"
    with pytest.raises(RabbitUnavailableError, match=told), rabbitmq(tmp_path / "node", tmp_path / "cache"):
        pytest.fail("there is no RabbitMQ")


def test_a_named_broker_is_used_as_it_is(tools: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AMQP_URL", "amqp://elsewhere/")
    with rabbitmq(tmp_path, tmp_path) as broker:
        assert broker.url == "amqp://elsewhere/"
    assert list(tmp_path.iterdir()) == [tools]
