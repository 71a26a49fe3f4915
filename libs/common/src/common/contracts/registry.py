"""The one list of events: who emits each, which queue receives it, which stage of the ledger executes it."""

from dataclasses import dataclass

from common.contracts import events as e


@dataclass(frozen=True)
class Registered:
    """An event with its emitters (services), the queues bound to it (none: nobody consumes it yet) and its stage.

    `stage` names the ledger's unit that the receiver executes; None where receiving is not a unit of a run. `aside`:
    side work of a run, which can be done again at any time.
    """

    event: type[e.Event]
    emitters: tuple[str, ...]
    queues: tuple[str, ...]
    stage: str | None = None
    aside: bool = False


_SERVICES = ("extractor", "normalizer", "enricher", "ranker", "notifier", "gateway")
#: One queue a service for what concerns all of them.
CONTROL_QUEUES = tuple(f"{service}.control" for service in _SERVICES)

REGISTRY: tuple[Registered, ...] = (
    Registered(e.RunRequested, ("gateway",), ("extractor.runs",), "start"),
    Registered(e.PageRequested, ("extractor",), ("extractor.pages",), "fetch"),
    Registered(e.WindowRequested, ("gateway", "extractor"), ("extractor.windows",), "window"),
    Registered(e.ArchivedPageRequested, ("extractor",), ("extractor.archived",), "reread"),
    Registered(e.PostingsCollected, ("extractor",), ("normalizer.postings",), "normalize"),
    Registered(e.FeedSwept, ("extractor",), ("normalizer.sweeps",), aside=True),
    Registered(e.PostingsNormalized, ("normalizer",), ("enricher.postings",), "enrich"),
    Registered(e.DuplicatesSettled, ("normalizer",), ("gateway.duplicates",), "group"),
    Registered(e.LookRequested, ("normalizer",), ("normalizer.looks",), "look"),
    Registered(e.PostingsEnriched, ("enricher",), ("ranker.postings",), "rank"),
    Registered(e.PostingsRanked, ("ranker",), ("gateway.jobs",), "publish"),
    Registered(e.PostingsWithheld, ("gateway",), ("normalizer.withheld",), aside=True),
    Registered(e.CampaignChanged, ("gateway", "ranker"), ("ranker.campaigns",), "rerank"),
    Registered(e.UnitFinished, _SERVICES, ("gateway.ledger",)),
    Registered(e.RunCompleted, ("gateway",), ("notifier.runs",), "notify"),
    Registered(e.RunSlaMissed, ("gateway",), ("notifier.alarms",), "alarm"),
    Registered(e.UnitsProbed, ("gateway",), CONTROL_QUEUES),
    Registered(e.UnitsKnown, _SERVICES, ("gateway.ledger",)),
    Registered(e.ReplayRequested, ("gateway",), CONTROL_QUEUES, "replay"),
    Registered(e.RulesActivated, ("gateway",), CONTROL_QUEUES),
    Registered(e.CompaniesSeen, ("normalizer",), ("extractor.companies",), aside=True),
    Registered(e.CompaniesCollected, ("extractor",), ("normalizer.companies",), aside=True),
    Registered(e.CompaniesNormalized, ("normalizer", "ranker"), ("ranker.companies", "gateway.companies"), aside=True),
)

_BY_TYPE = {r.event.event_type: r for r in REGISTRY}
QUEUES: tuple[str, ...] = tuple(dict.fromkeys(q for r in REGISTRY for q in r.queues))


def registered(event_type: str) -> Registered:
    """The registry's entry of an event type; KeyError for one that is not registered."""
    return _BY_TYPE[event_type]


def stage_of(event: type[e.Event]) -> str:
    """The ledger stage that executes this event; ValueError for an event that is no unit."""
    stage = _BY_TYPE[event.event_type].stage
    if stage is None:
        raise ValueError(f"{event.event_type} is not executed as a unit of a run")
    return stage
