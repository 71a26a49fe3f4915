"""Every scenario of the suite, in the order in which they run."""

from tests.chaos import (
    deploys,
    disks,
    duplicates,
    freezes,
    lines,
    poison,
    scaling,
    server_kills,
    service_kills,
    slow_consumer,
    wrong_clocks,
)
from tests.chaos.scenario import Scenario

SCENARIOS: tuple[Scenario, ...] = (
    *service_kills.SCENARIOS,
    *server_kills.SCENARIOS,
    *duplicates.SCENARIOS,
    *scaling.SCENARIOS,
    *freezes.SCENARIOS,
    *lines.SCENARIOS,
    *wrong_clocks.SCENARIOS,
    *slow_consumer.SCENARIOS,
    *poison.SCENARIOS,
    *deploys.SCENARIOS,
    *disks.SCENARIOS,
)
