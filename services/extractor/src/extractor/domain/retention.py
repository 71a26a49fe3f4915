"""How long archived pages are kept."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

#: Days after which a bucket moves a page to cheaper storage, and after which a page is removed (REQUIREMENTS BRZ-08).
TIER_DAYS, KEEP_DAYS = 30, 180


@dataclass(frozen=True, slots=True)
class Retention:
    """Days that pages are kept, counted from the UTC day in their key; a source's terms may shorten them."""

    days: int = KEEP_DAYS
    by_terms: Mapping[str, int] = field(default_factory=dict)

    def of(self, source: str) -> int:
        """Days for pages of this source."""
        return min(self.days, self.by_terms.get(source, self.days))

    def first_kept(self, source: str, today: date) -> date:
        """The earliest day whose pages of this source are kept."""
        return today - timedelta(days=self.of(source))

    @property
    def shortened(self) -> dict[str, int]:
        """Sources whose terms ask for less than the archive's own limit."""
        return {source: days for source, days in sorted(self.by_terms.items()) if days < self.days}
