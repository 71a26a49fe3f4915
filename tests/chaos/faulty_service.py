"""`python -m tests.chaos.faulty_service <service>`: a service with faults built in, which CHAOS_FAULTS names."""

import ctypes
import json
import os
import resource
import runpy
import signal
import sys
import time
from collections.abc import Callable
from typing import Any, NoReturn

#: JSON: `{"poison": {<source_job_id>: "segfault" | "memory" | "loop"}, "malformed": [<source_job_id>, ...],
#: "slow": <seconds a posting>, "broken": true}`.
VARIABLE = "CHAOS_FAULTS"
#: Address space of a service that may run out of memory: enough for its work, and the machine survives.
MEMORY = 3 * 1024**3 // 2


def _segfault() -> None:
    ctypes.string_at(0)


def _memory() -> None:
    """Take more and more; where a service has no more to get, the kernel's killer would come."""
    hoard = []
    try:
        while True:
            hoard.append(bytearray(64 * 1024**2))
    except MemoryError:
        hoard.clear()
        if resource.getrlimit(resource.RLIMIT_AS)[0] != MEMORY:  # the suspect lane has a limit of its own
            raise
        os.kill(os.getpid(), signal.SIGKILL)


def _loop() -> NoReturn:
    while True:
        pass


_POISONS: dict[str, Callable[[], None]] = {"segfault": _segfault, "memory": _memory, "loop": _loop}


def _patch_enricher(faults: dict[str, Any]) -> None:
    from enricher.domain.enrich import Enricher

    read_all, poison, slow = Enricher.read_all, faults.get("poison", {}), faults.get("slow", 0.0)

    def patched(self: Enricher, postings: Any) -> Any:
        for posting in postings:
            if kind := poison.get(posting.source_job_id):
                _POISONS[kind]()
            time.sleep(slow)
        return read_all(self, postings)

    Enricher.read_all = patched  # type: ignore[method-assign]  # that is what this module is for


def _patch_enrich_stage() -> None:
    """A bad deploy: the stage refuses every unit."""
    from common.messaging.errors import PermanentError
    from enricher.handlers import EnrichPostings

    async def refuse(*_: object) -> NoReturn:
        raise PermanentError("bad_deploy", "this build of the enricher cannot read anything")

    EnrichPostings.prepare = refuse  # type: ignore[method-assign, assignment]  # that is what this module is for


def _patch_sample(malformed: frozenset[str]) -> None:
    """The sample source delivers these postings without what the mapping needs."""
    from sources.adapters.sample import Sample

    items = Sample.items

    def patched(self: Sample, payload: Any) -> list[Any]:
        return [{**item, "id": None} if item["id"] in malformed else item for item in items(self, payload)]

    Sample.items = patched  # type: ignore[method-assign]  # that is what this module is for


def _apply(faults: dict[str, Any]) -> None:
    if "memory" in faults.get("poison", {}).values():
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, 2 * MEMORY))  # the suspect lane sets one of its own
    if faults.get("poison") or faults.get("slow"):
        _patch_enricher(faults)
    if faults.get("broken"):
        _patch_enrich_stage()
    if malformed := faults.get("malformed"):
        _patch_sample(frozenset(malformed))


# At import: a subprocess of the suspect lane may import this module as well, as that of its parent's main program.
_apply(json.loads(os.environ.get(VARIABLE, "{}")))

if __name__ == "__main__":
    service = sys.argv[1]
    sys.argv = [service]
    runpy.run_module(service, run_name="__main__")
