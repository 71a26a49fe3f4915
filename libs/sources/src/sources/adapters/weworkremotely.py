"""We Work Remotely's RSS: `/remote-jobs.rss`, or that of a category, the newest postings in one answer."""

import re
from typing import Any
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from common.contracts import Place, SourcePosting, SourceQuery
from sources.adapter import FetchedPage, PageRequest, SourceAdapter
from sources.client import SourceClient
from sources.errors import MappingError, PagePayloadError
from sources.item import Item
from sources.page import list_in, param_faults, path_safe
from sources.settings import SourceSettings
from sources.terms import Terms

_NAMESPACE = re.compile(r"\{[^}]*\}")
_COMPANY_URL = re.compile(r"URL:\s*</strong>\s*<a href=[\"'](https?://[^\"']+)", re.IGNORECASE)
_EXAMPLE = """<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:media="http://search.yahoo.com/mrss/">
  <channel>
    <title>We Work Remotely: an example in Posthorn's own words</title>
    <link>https://weworkremotely.example</link>
    <item>
      <media:content url="https://weworkremotely.example/logos/saltmarsh.gif" type="image/png"/>
      <title>Saltmarsh Software: Senior Ruby Developer</title>
      <region>Anywhere in the World</region>
      <country>Canada</country>
      <skills>Ruby, PostgreSQL</skills>
      <category>Back-End Programming</category>
      <type>Full-Time</type>
      <description>&lt;p&gt;&lt;strong&gt;Headquarters:&lt;/strong&gt; Halifax, Canada&lt;br /&gt;
&lt;strong&gt;URL:&lt;/strong&gt; &lt;a href="https://saltmarsh.example"&gt;https://saltmarsh.example&lt;/a&gt;&lt;/p&gt;
&lt;div&gt;Tide tables for fishing boats, served by &lt;b&gt;Ruby&lt;/b&gt; and PostgreSQL.&lt;/div&gt;</description>
      <pubDate>Tue, 17 Nov 2026 10:00:00 +0000</pubDate>
      <expires_at>Thu, 17 Dec 2026 10:00:00 +0000</expires_at>
      <guid>https://weworkremotely.example/remote-jobs/saltmarsh-software-senior-ruby-developer</guid>
      <link>https://weworkremotely.example/remote-jobs/saltmarsh-software-senior-ruby-developer</link>
    </item>
  </channel>
</rss>"""


class WeWorkRemotely(SourceAdapter):
    """All categories, or one of `params: {category: remote-back-end-programming-jobs}`."""

    name = "weworkremotely"
    settings = SourceSettings(base_url="https://weworkremotely.com", requests_per_minute=6, concurrency=1)
    terms = Terms(
        allowed_use="Showing the postings of the feed with a link back and We Work Remotely named as the source.",
        attribution="Source: We Work Remotely",
        attribution_url="https://weworkremotely.com",
        url="https://weworkremotely.com/remote-job-rss-feed",
        good_for="Remote jobs that employers pay to post, mostly in software, design and marketing",
    )
    example = _EXAMPLE

    async def fetch(self, client: SourceClient, request: PageRequest) -> FetchedPage:
        """The one page, as text."""
        category = self.feed(request.source)
        path = f"/categories/{category}.rss" if category else "/remote-jobs.rss"
        return await client.get(path, headers={"accept": "application/rss+xml, application/xml, text/xml"})

    def items(self, payload: Any) -> list[Any]:
        """The feed's items, each as an object; a list of such objects, as others have saved them, is taken too."""
        text = payload.lstrip("\ufeff \t\r\n") if isinstance(payload, str) else ""
        return _items(text) if text.startswith(("<?xml", "<rss")) else list_in(payload)

    def check(self, query: SourceQuery) -> list[str]:
        """A category as it stands in the feed's address."""
        faults = param_faults(query, {"category"})
        category = query.params.get("category", "all")
        if not isinstance(category, str) or path_safe(category) != category:
            faults.append("params.category must be as in its feed's address, such as remote-programming-jobs")
        return faults

    def feed(self, query: SourceQuery) -> str:
        """The category."""
        return path_safe(str(query.params.get("category", "")))

    def map_to_common(self, item: Any, feed: str = "") -> SourcePosting:
        """Items of the feed write "Company: Title"; saved ones have both apart."""
        fields = Item(item)
        identity = fields.text("guid", "link", "url", "id")
        if identity is None:
            raise MappingError("id_missing", "a posting of We Work Remotely without guid and link")
        body = fields.text("description")
        site = _COMPANY_URL.search(body or "")
        place = fields.line("region", "location")
        title, company = _title(fields)
        return SourcePosting(
            source_job_id=identity,
            title=title,
            company=company,
            company_url=site[1] if site else None,
            url=fields.link("link", "url", "guid"),
            description_html=body,
            places=[Place(text=place)] if place else [],
            employment_types=fields.strings("type"),
            remote="remote",
            tags=_tags(fields),
            posted_at=fields.moment("pubDate", "postedAt"),
            valid_through=fields.moment("expires_at"),
            extra=fields.rest(),
        )


def _items(text: str) -> list[Any]:
    try:
        root = fromstring(text)
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise PagePayloadError("page_is_not_rss", f"the feed is cut off or no XML: {error}") from error
    if root.tag != "rss" or root.find("channel") is None:
        raise PagePayloadError("page_has_no_items", f"expected an RSS channel, found <{root.tag}>")
    return [_record(entry) for entry in root.iterfind("channel/item")]


def _record(entry: Element) -> dict[str, Any]:
    """An item as an object: a repeated element is a list, an empty one stands for its `url`."""
    record: dict[str, Any] = {}
    for child in entry:
        name, said = _NAMESPACE.sub("", child.tag), child.text or child.get("url")
        if said is None:
            continue
        earlier = record.get(name)
        record[name] = said if earlier is None else [*(earlier if isinstance(earlier, list) else [earlier]), said]
    return record


def _title(fields: Item) -> tuple[str | None, str | None]:
    company, written = fields.line("company"), fields.line("title")
    if company or not written:
        return written, company
    before, colon, after = written.partition(": ")
    return (after, before) if colon and after else (written, None)


def _tags(fields: Item) -> list[str]:
    skills = [part.strip() for part in (fields.line("skills") or "").split(",")]
    found = [*skills, *fields.strings("category"), *fields.strings("tags")]
    return list(dict.fromkeys(tag for tag in found if tag))


ADAPTER = WeWorkRemotely()
