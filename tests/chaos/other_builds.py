"""Runs services as builds with a fault in them, and the rig on another workload than its own."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from tests.chaos.faulty_service import VARIABLE
from tests.chaos.rig import Rig


@contextmanager
def built_with(rig: Rig, faults: dict[str, dict[str, Any]], **environment: str) -> Iterator[None]:
    """Within, these services run with faults (see `faulty_service`); what they die of is counted."""
    variables = {service: environment | {VARIABLE: json.dumps(found)} for service, found in faults.items()}

    for service in variables:
        rig.processes.remove(service)
        command = (sys.executable, "-m", "tests.chaos.faulty_service", service)
        rig.start(service, command=command, **variables[service])
    rig.processes.wait_ready(tuple(variables))
    marks = {service: len(rig.log_of(service)) for service in variables}
    try:
        yield
    finally:
        rig.outcome.kills.update({service: rig.died(service, mark) for service, mark in marks.items()})
        rig.restart(tuple(variables))


@contextmanager
def sample_of(rig: Rig, count: int, seed: int) -> Iterator[None]:
    """Within, the rig's first part is a generated sample of this size, and its clean end is known."""
    work, clean = rig.work, rig.clean
    source = {"source": "sample", "params": {"count": count, "seed": seed}, "max_pages": 1000}
    rig.work, rig.clean = replace(work, parts=((source,),)), []
    try:
        rig.measure_clean(1)
        yield
    finally:
        rig.work, rig.clean = work, clean
