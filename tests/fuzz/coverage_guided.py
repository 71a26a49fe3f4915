"""The parsers of what others wrote under atheris, which looks for input that reaches code not reached before."""

import importlib.util
import subprocess
import sys
from collections.abc import Callable
from typing import Any

ADVICE = "atheris is not installed: `uv pip install --python .venv atheris` (there are wheels for Linux)"
#: Bytes of an input at most.
_LONGEST = 4096


def run(seed: int, seconds: int) -> list[str]:
    """Each target for some seconds in a process of its own, which ends at the first thing that it finds."""
    if importlib.util.find_spec("atheris") is None:
        return [ADVICE]
    wrong: list[str] = []
    for name in TARGETS:
        command = [sys.executable, "-m", "tests.fuzz.coverage_guided", name, str(seed), str(seconds)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds * 3 + 300, check=False)
        said = (done.stdout + done.stderr).strip().splitlines()
        print(f"  atheris {name}: {next((line for line in reversed(said) if 'Done' in line), 'not done')}", flush=True)
        if done.returncode:
            wrong.append(f"{name}: exit code {done.returncode}\n" + "\n".join(said[-30:]))
    return wrong


def _envelopes() -> Callable[[bytes], object]:
    import hashlib

    import msgspec

    from tests.fuzz.envelopes import Envelope, packed, read
    from tests.fuzz.events import KINDS, example, message

    headers = {kind: msgspec.to_builtins(message(example(kind), "guided").headers) for kind in KINDS}

    def target(data: bytes) -> object:
        kind, body = KINDS[(data[0] if data else 0) % len(KINDS)], packed(data[1:])
        signed = {**headers[kind], "sha256": hashlib.sha256(body).hexdigest()}
        return read(Envelope(kind, signed, body, sound=False))

    return target


def _sources() -> Callable[[bytes], object]:
    from sources.registry import adapters
    from tests.fuzz.payloads import Parsed, read_payload

    known = list(adapters().values())
    return lambda data: read_payload(known[(data[0] if data else 0) % len(known)], data[1:], Parsed(), through=False)


def _markup() -> Callable[[bytes], object]:
    from normalizer.domain.markup import describe

    return lambda data: describe(data.decode("utf-8", "replace"), None, "https://acme.example/")


def _texts() -> Callable[[bytes], object]:
    from tests.fuzz.readers import READERS

    readers = list(READERS.values())
    return lambda data: readers[(data[0] if data else 0) % len(readers)](data[1:].decode("utf-8", "replace"))


TARGETS: dict[str, Callable[[], Callable[[bytes], object]]] = {
    "envelopes": _envelopes, "sources": _sources, "markup": _markup, "texts": _texts,
}  # fmt: skip


def _main(name: str, seed: str, seconds: str) -> None:
    atheris: Any = importlib.import_module("atheris")
    # Only our own code is followed: what it calls is compiled or not ours to mend.
    with atheris.instrument_imports(include=["common.contracts", "sources", "normalizer", "enricher", "ranker"]):
        target = TARGETS[name]()
    arguments = [
        f"-seed={seed}",
        f"-max_total_time={seconds}",
        f"-max_len={_LONGEST}",
        "-timeout=10",
        "-rss_limit_mb=4096",
    ]
    atheris.Setup([sys.argv[0], *arguments], target)
    atheris.Fuzz()


if __name__ == "__main__":
    _main(*sys.argv[1:])
