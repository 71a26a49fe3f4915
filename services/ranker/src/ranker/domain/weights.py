"""A campaign's weights: its preset and its own points, renormalised to exactly 100.00 points."""

import math
from collections.abc import Collection, Mapping
from fractions import Fraction

from ranker.domain.rules import FACTORS, Rules
from ranker.domain.share import FULL


def apportion(shares: Mapping[str, Fraction], total: int) -> dict[str, int]:
    """Whole numbers in proportion to `shares` that sum to `total` (largest remainder; ties go to the earlier name).

    ValueError unless the shares are non-negative and at least one is positive.
    """
    whole = sum(shares.values(), Fraction(0))
    if whole <= 0 or any(s < 0 for s in shares.values()):
        raise ValueError("shares must be non-negative and not all zero")
    exact = {name: share * total / whole for name, share in shares.items()}
    result = {name: int(value) for name, value in exact.items()}
    by_remainder = sorted(exact, key=lambda name: result[name] - exact[name])
    for name in by_remainder[: total - sum(result.values())]:
        result[name] += 1
    return result


def weights_of(
    preset: str, overrides: Mapping[str, float], asked: Collection[str], rules: Rules
) -> tuple[dict[str, int], tuple[str, ...]]:
    """Hundredths of a point by factor, summing to 10000; and what was ignored of the campaign, and why.

    Factors of weight 0 are not listed. A factor that is not among the `asked` gets 0 (rule `no_preference: leave_out`),
    unless no asked factor weighs anything. An unknown preset or factor, or a weight that is not a number of 0 or more,
    falls back to the preset: a campaign is never left unranked for it.
    """
    wanted, ignored = _wanted(preset, overrides, rules)
    exact = {factor: Fraction(wanted[factor]) for factor in FACTORS if wanted.get(factor)}
    left = {factor: w for factor, w in exact.items() if factor in asked or rules.file.no_preference == "full"}
    return dict.fromkeys(exact, 0) | apportion(left or exact, FULL), tuple(ignored)


def _wanted(preset: str, overrides: Mapping[str, float], rules: Rules) -> tuple[dict[str, float], list[str]]:
    presets = rules.file.presets
    ignored = [] if preset in presets else [f"unknown ranking preset {preset!r}"]
    chosen = presets.get(preset, presets["default"])
    wanted = dict(chosen)
    for factor, weight in overrides.items():
        if factor not in FACTORS:
            ignored.append(f"unknown factor {factor!r}")
        elif not math.isfinite(weight) or weight < 0:
            ignored.append(f"weight of {factor} is not a number of 0 or more")
        else:
            wanted[factor] = weight
    if any(wanted.values()):
        return wanted, ignored
    return dict(chosen), [*ignored, "all weights are 0"]
