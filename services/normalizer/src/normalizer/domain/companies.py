"""What a provider tells of a company, in our own terms."""

from collections.abc import Sequence
from typing import Any

from sources.companies.glassdoor import CompanyFacts
from sources.companies.names import CompanyNames
from sources.companies.sizes import size_bin


def company_columns(facts: CompanyFacts, names: CompanyNames, upper_ends: Sequence[int]) -> dict[str, Any]:
    """Facts by column name; `size` is a bin of `config/enums.yml`, `domain` the site's own host."""
    return {
        "company_id": facts.company_id,
        "name": facts.name,
        "name_key": names.core(facts.name),
        "website": facts.website,
        "domain": names.domain(facts.website),
        "industry": facts.industry,
        "size_text": facts.size,
        "size": size_bin(facts.size, upper_ends) if facts.size else None,
        "rating": facts.rating,
        "reviews": facts.reviews,
        "location": facts.location,
        "revenue": facts.revenue,
    }
