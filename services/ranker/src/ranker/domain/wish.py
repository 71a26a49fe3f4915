"""A campaign as ranking reads it: what it asks of each factor, in comparable form."""

from dataclasses import dataclass, field, replace
from datetime import date

from common.contracts import Campaign
from ranker.domain.rules import Rules
from ranker.domain.text import Words, phrase, skill_key
from ranker.domain.weights import weights_of

#: Amounts above are taken as this, so that all products stay exact in 53 bits.
MOST = 10**9


@dataclass(frozen=True)
class PlaceWish:
    """Where: a country, names of the wanted city or region (any of `heads`), and what surrounds it (`wider`)."""

    country: str
    heads: frozenset[str] = frozenset()
    wider: frozenset[str] = frozenset()
    text: str = field(default="", compare=False)


@dataclass(frozen=True)
class PayWish:
    """Wanted yearly pay in whole units of the reference currency; `fault` says why it could not be converted."""

    minimum: int = 0
    maximum: int = MOST
    fault: str = ""
    text: str = field(default="", compare=False)


@dataclass(frozen=True)
class Wish:
    """A campaign compiled for one date; empty sets and None mean no preference.

    `weights` are hundredths of a point by factor and sum to 10000, 0 for a factor of which nothing is `asked`;
    `ignored` says which weights were not usable.
    """

    campaign_id: str
    version: int
    as_of: date
    place: PlaceWish
    pay: PayWish | None
    sizes: frozenset[str]
    employment_types: frozenset[str]
    seniorities: frozenset[str]
    remote_types: frozenset[str]
    skills: dict[str, str]
    words: tuple[str, ...]
    asked: frozenset[str] = frozenset()
    weights: dict[str, int] = field(default_factory=dict)
    ignored: tuple[str, ...] = ()


def compile_wish(campaign: Campaign, as_of: date, rules: Rules, words: Words) -> Wish:
    """The campaign in comparable form; raises nothing: what cannot be used is left out and said in explanations."""
    wish = Wish(
        campaign_id=campaign.campaign_id,
        version=campaign.version,
        as_of=as_of,
        place=_place(campaign, rules),
        pay=_pay(campaign, rules),
        sizes=frozenset(campaign.company_size_preference) & frozenset(rules.file.company_sizes),
        employment_types=frozenset(campaign.employment_type_preference),
        seniorities=frozenset(campaign.seniority),
        remote_types=frozenset(campaign.remote_preference),
        skills={key: skill for skill in campaign.skills if (key := skill_key(skill))},
        words=words.of_query(campaign.query),
    )
    asked = _asked(wish)
    weights, ignored = weights_of(campaign.ranking_preset, campaign.weights, asked, rules)
    return replace(wish, asked=asked, weights=weights, ignored=ignored)


def _asked(wish: Wish) -> frozenset[str]:
    """The factors of which the campaign asks something; newer and better rated is always better."""
    preferences = {
        "location": wish.place.country or wish.place.heads,
        "salary": wish.pay,
        "company_size": wish.sizes,
        "skills": wish.skills,
        "position_title": wish.words,
        "employment_type": wish.employment_types,
        "seniority": wish.seniorities,
        "remote_type": wish.remote_types,
        "keywords": wish.words,
    }
    return frozenset(("recency", "company_rating", *(factor for factor, asked in preferences.items() if asked)))


def country_code(country: str | None) -> str:
    """ISO 3166-1 alpha-2 in lower case; `uk` is `gb`; empty if unknown."""
    code = (country or "").strip().lower()
    return "gb" if code == "uk" else code


def _place(campaign: Campaign, rules: Rules) -> PlaceWish:
    """`Ottawa, ON, Canada`: the first part is wanted, the others surround it; the country itself narrows nothing."""
    country, location, geography = country_code(campaign.country), campaign.location or "", rules.geography
    wide = {"", *geography.country(country), *rules.file.location.areas}
    parts = [p for p in map(phrase, location.replace(";", ",").split(",")) if p not in wide]
    if not parts:
        return PlaceWish(country, text=location)
    wider = [geography.region(p, country) for p in parts[1:]]
    heads = geography.region(parts[0], country) | geography.city(parts[0])
    return PlaceWish(country, heads, frozenset().union(*wider), location)


def _pay(campaign: Campaign, rules: Rules) -> PayWish | None:
    low, high, currency = campaign.min_salary, campaign.max_salary, (campaign.currency or "").upper()
    if not low and not high:
        return None
    if low and high:
        low, high = min(low, high), max(low, high)
    text = _pay_text(low, high, currency)
    minimum, maximum = (rules.rates.convert(end, currency) if end else 0 for end in (low, high))
    if minimum is None or maximum is None:
        return PayWish(fault=f"no exchange rate for {currency}" if currency else "it names no currency", text=text)
    if currency != rules.rates.reference:
        reference, day = rules.rates.reference, rules.rates.date_of(currency)
        text += f" ({_pay_text(minimum, maximum, reference)} at the rate of {day})"
    return PayWish(max(0, min(minimum, MOST)), max(0, min(maximum, MOST)) or MOST, text=text)


def _pay_text(low: int | None, high: int | None, currency: str) -> str:
    if low and high:
        return f"{low:,}–{high:,} {currency}".strip()
    return f"{'at least' if low else 'up to'} {low or high or 0:,} {currency}".strip()
