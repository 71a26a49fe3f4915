"""Short postings for tests."""

from typing import Any

from common.contracts import Place, Posting


def posting(title: str = "Engineer", body: str = "", place: str | None = None, **fields: Any) -> Posting:
    """A posting with this title, body and location text."""
    given = {"hash_key": "0" * 32, "version": 1, "content_hash": "1" * 32, "source": "s", "source_job_id": "1"} | fields
    places = given.pop("places", [Place(text=place)] if place else [])
    company = given.pop("company", "Acme")
    return Posting(title=title, company=company, description_text=body, places=places, **given)
