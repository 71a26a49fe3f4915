"""What holds for the boards of employers and USAJOBS: every real posting is whole, and addresses lead to boards."""

from pathlib import Path

import pytest

from common.contracts import SourceQuery
from sources.registry import adapter_of, adapters
from tests.support.real_items import real_items

SITE = {"tenant": "acme", "instance": "wd5", "site": "Careers"}
#: The feed that the real postings of a source came from, where they do not say it themselves.
FEEDS = {"workday": "nvidia.wd5.NVIDIAExternalCareerSite"}
#: How many real postings the shared data holds.
REAL = {
    "ashby": 73, "greenhouse": 5157, "jsearch": 21, "lever": 46, "recruitee": 2, "smartrecruiters": 13, "usajobs": 2295,
    "workable": 4, "workday": 11,
}  # fmt: skip
ADDRESSES = [
    ("boards.greenhouse.io/acme", "greenhouse", {"board": "acme"}),
    ("https://boards.greenhouse.io/acme/jobs/4100001#app", "greenhouse", {"board": "acme"}),
    ("https://job-boards.greenhouse.io/acme/jobs/41", "greenhouse", {"board": "acme"}),
    ("https://job-boards.eu.greenhouse.io/acme", "greenhouse", {"board": "acme"}),
    ("https://boards-api.greenhouse.io/v1/boards/acme/jobs?content=true", "greenhouse", {"board": "acme"}),
    ("//boards.greenhouse.io/embed/job_board/js?for=acme", "greenhouse", {"board": "acme"}),
    ("https://boards.greenhouse.io/embed/job_app?for=acme&token=41", "greenhouse", {"board": "acme"}),
    ("https://jobs.lever.co/acme/ac97-1/apply", "lever", {"board": "acme"}),
    ("https://jobs.eu.lever.co/acme", "lever", {"board": "acme", "region": "eu"}),
    ("https://api.lever.co/v0/postings/acme?mode=json", "lever", {"board": "acme"}),
    ("https://JOBS.ashbyhq.com/Acme/5b1d7c52", "ashby", {"board": "Acme"}),
    ("https://jobs.ashbyhq.com/Acme%20Labs", "ashby", {"board": "Acme Labs"}),
    ("https://careers.smartrecruiters.com/Acme/remote", "smartrecruiters", {"board": "Acme"}),
    ("https://jobs.smartrecruiters.com/Acme/744-data-analyst?oga=true", "smartrecruiters", {"board": "Acme"}),
    ("https://jobs.smartrecruiters.com/oneclick-ui/company/Acme/publication/1", "smartrecruiters", {"board": "Acme"}),
    ("https://apply.workable.com/acme/j/9C01D2E3F4/", "workable", {"board": "acme"}),
    ("https://acme.workable.com/jobs/12", "workable", {"board": "acme"}),
    ("https://apply.workable.com/api/v1/widget/accounts/acme?details=true", "workable", {"board": "acme"}),
    ("http://acme.recruitee.com/o/backend-developer", "recruitee", {"board": "acme"}),
    ("https://acme.wd5.myworkdayjobs.com/Careers", "workday", SITE),
    ("https://acme.wd5.myworkdayjobs.com/en-US/Careers/job/Toronto/Engineer_R-1", "workday", SITE),
    ("https://acme.wd5.myworkdayjobs.com/wday/cxs/acme/Careers/jobs", "workday", SITE),
]
NOT_BOARDS = [
    "https://boards.greenhouse.io.evil.example/acme",
    "https://evil-greenhouse.io.example/acme",
    "https://evil.example/boards.greenhouse.io/acme",
    "https://boards.greenhouse.io@evil.example/acme",
    "https://boards.greenhouse.io",
    "https://boards.greenhouse.io/embed/job_board",
    "https://boards.greenhouse.io/a%2F..%2Fb",
    "https://www.greenhouse.io/pricing",
    "https://jobs.lever.co/",
    "https://notlever.co/acme",
    "https://apply.workable.com/j/9C01D2E3F4",
    "https://www.workable.com/pricing",
    "https://a.b.workable.com/",
    "https://www.recruitee.com/",
    "https://recruitee.com/acme",
    "https://evilrecruitee.com/acme",
    "https://acme.wd5.myworkdayjobs.com/",
    "https://acme.myworkdayjobs.com/Careers",
    "https://acme.evil.wd5.myworkdayjobs.com/Careers",
    "ftp://jobs.lever.co/acme",
    "https://[jobs.lever.co/acme",
    "mailto:jobs@acme.example",
    "",
]


@pytest.mark.parametrize("source", sorted(REAL))
async def test_every_real_posting_has_title_company_and_address(source: str, shared_data: Path) -> None:
    adapter = adapter_of(source)
    items = await real_items(source, shared_data)
    assert len(items) == REAL[source]
    for item in items:
        posting = adapter.map_to_common(item, FEEDS.get(source, "acme"))
        assert posting.title
        assert posting.company
        assert posting.url


@pytest.mark.parametrize(("address", "source", "params"), ADDRESSES)
def test_an_address_leads_to_the_query_of_its_board(address: str, source: str, params: dict[str, str]) -> None:
    found = {name: query for name, adapter in adapters().items() if (query := adapter.query_for(address))}
    assert found == {source: SourceQuery(source=source, params=params)}
    assert adapter_of(source).check(found[source]) == []


@pytest.mark.parametrize("address", NOT_BOARDS)
def test_other_addresses_lead_nowhere(address: str) -> None:
    assert {name for name, adapter in adapters().items() if adapter.query_for(address)} == set()
