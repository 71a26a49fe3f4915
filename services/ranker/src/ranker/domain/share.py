"""Shares and points: whole numbers only, so that sums are exact in any order."""

from typing import NamedTuple

#: All of a factor's points. Shares are whole hundredths of a percent, 0..10000.
FULL = 10_000


class Verdict(NamedTuple):
    """What a factor says of a job: the share of its points (0..10000) and why, in words.

    `ruled`: nothing was compared, because campaign or posting say nothing; the share is the rule for that case.
    """

    share: int
    reason: str
    ruled: bool = False


#: The campaign asks nothing of the factor: every job fits.
NO_PREFERENCE = Verdict(FULL, "no preference", ruled=True)


def points(weight: int, share: int) -> int:
    """Hundredths of a point for a weight in hundredths and a share; half a hundredth rounds up."""
    return (weight * share + FULL // 2) // FULL
