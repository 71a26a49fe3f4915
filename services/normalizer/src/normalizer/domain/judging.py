"""A look at a posting that time, or a whole read of its feed, may have changed."""

from collections.abc import Sequence
from datetime import datetime

from normalizer.domain.closing import Twin, flags, looks, opened, standing
from normalizer.domain.closing_rules import ClosingRules
from normalizer.domain.merge import Member, PostingState, best_of
from normalizer.domain.precedence import Precedence


def judged(
    state: PostingState, members: Sequence[Member], twin: Twin | None, precedence: Precedence, rules: ClosingRules,
    now: datetime,
) -> PostingState:  # fmt: skip
    """The posting as it stands now, one version later where others must hear of it; and when to look again."""
    best = best_of(members, precedence)
    if best is None:
        return state.again(moved=False, look_at=None)
    stands = standing(members, best, state.standing, now, rules)
    told = tuple(flags(members, stands.state, state.first_seen_at, twin, now, rules))
    since, last_seen = opened(members, state.first_seen_at), max(each.last_seen_at for each in members)
    ahead = [at for at in looks(best.valid_through, last_seen, since, rules) if at > now]
    shown = (best.source, best.source_job_id, best.content_hash)
    return state.again(
        moved=(shown, stands, told) != ((*state.shown, state.content_hash), state.standing, state.flags),
        source=best.source, source_job_id=best.source_job_id, content_hash=best.content_hash, standing=stands,
        flags=told, look_at=min(ahead, default=None) if stands.state == "open" else None,
    )  # fmt: skip
