"""The same posting always gives the same record, and rules are checked when loaded."""

import shutil
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from common.contracts import Attribution, OfferedPay
from common.settings import REPOSITORY, config_path
from common.settings.rule_files import RulesRefusedError
from enricher.domain.enrich import Enricher, Enrichment, job_of
from enricher.store.rule_files import load_rules
from tests.support.enrichment import posting

BODY = "Senior Go developers wanted. Salary: $120,000 - $150,000 a year. Hybrid role. Kafka, Go, PostgreSQL."


def test_the_same_posting_gives_the_same_record(enricher: Enricher) -> None:
    job = posting("Senior Engineer", BODY, "Toronto, ON")
    first = msgspec.json.encode(enricher.read(job))
    assert msgspec.json.encode(Enricher(load_rules()).read(job)) == first


def test_a_posting_reads_the_same_whatever_is_read_beside_it(enricher: Enricher) -> None:
    several = [
        posting("Senior Engineer", BODY, "Toronto, ON"),
        posting("", ""),
        posting("Werkstudent (m/w/d)", "Kenntnisse in Java. 15 € pro Stunde, 20 Stunden pro Woche.", "Remote"),
        posting("Nurse (Remote, US)", "$40 - $50 an hour. Master's degree preferred. 5+ years of experience."),
    ]
    assert enricher.read_all(several) == [enricher.read(one) for one in several]
    assert enricher.read_all(several[::-1]) == [enricher.read(one) for one in several[::-1]]
    assert enricher.read_all([]) == []


def test_an_enrichment_survives_being_stored(enricher: Enricher) -> None:
    read = enricher.read(posting("Senior Engineer", BODY, "Toronto, ON"))
    assert msgspec.json.decode(msgspec.json.encode(read), type=Enrichment) == read


def test_a_closed_posting_passes_through_as_closed(enricher: Enricher) -> None:
    job = posting(body=BODY, closed=True, version=7)
    sent = job_of(job, enricher.read(job), enricher.rules_version)
    assert (sent.closed, sent.version, sent.outcome) == (True, 7, None)


def test_a_job_carries_the_attribution_of_its_posting(enricher: Enricher) -> None:
    job = posting(body=BODY, attribution=Attribution(text="Jobs by Acme"))
    assert job_of(job, enricher.read(job), enricher.rules_version).attribution == Attribution(text="Jobs by Acme")


def test_a_job_carries_everything_that_was_read_and_that_it_has_a_field_for(enricher: Enricher) -> None:
    said = f"{BODY} You have 5+ years of experience and a Master's degree. We sponsor visas. Annual bonus."
    job = posting("Senior Software Engineer (Contract)", said, "Toronto, ON", company_size="51-200")
    read = enricher.read(job)
    sent = job_of(job, read, enricher.rules_version)
    shared = set(read.__struct_fields__) & set(sent.__struct_fields__)
    assert {name for name in shared if not getattr(read, name)} <= {"years_maximum", "degree_required"}
    assert {name: getattr(sent, name) for name in shared} == {name: getattr(read, name) for name in shared}


def test_every_derived_value_has_evidence(enricher: Enricher) -> None:
    job = posting("Senior Engineer (Contract)", BODY, "Toronto, ON", pay=OfferedPay(text="$100k"))
    fields = {e.field for e in enricher.read(job).evidence}
    assert fields == {"skills", "seniority", "remote_type", "salary", "places", "employment_types", "language"}


@pytest.mark.parametrize(
    "end",
    [
        "Salary: $120,000 - $15", "We ask for 3", "5 years of experience", "Bachelor's degree", "Homeoffice",
        "We sponsor visas", "3 Jahre Berufserfahrung", "Work from home is",
    ],
)  # fmt: skip
def test_what_the_cut_off_rest_of_a_sentence_could_turn_is_not_read(enricher: Enricher, end: str) -> None:
    body = f"We build bridges in Python. {end} …"
    read = enricher.read(posting(body=body, description_is_excerpt=True))
    told = (read.salary, read.years_minimum, read.degree, read.remote_type, read.visa)
    assert (told, read.skills) == ((None,) * 5, ["python"])


def test_what_an_excerpt_says_in_whole_sentences_is_read(enricher: Enricher) -> None:
    body = "Salary: $120,000 - $150,000 a year. You have 5+ years of experience. Fully remote. And then you …"
    read = enricher.read(posting(body=body, description_is_excerpt=True))
    assert read.salary
    assert (read.salary.yearly_maximum, read.years_minimum, read.remote_type) == (150_000, 5, "remote")


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    copy = tmp_path / "config"
    shutil.copytree(config_path("taxonomy").parent, copy)
    monkeypatch.setenv("POSTHORN_CONFIG", str(copy))
    return copy


def test_the_rules_version_follows_the_files(config: Path) -> None:
    before = load_rules().version
    assert load_rules().version == before
    with (config / "pay.yml").open("a") as file:
        file.write("\n# changed\n")
    assert load_rules().version != before


def test_a_wrong_rules_file_is_named(config: Path) -> None:
    (config / "taxonomy" / "remote.yml").write_text("version: 1\nsurprise: yes\n")
    with pytest.raises(RulesRefusedError, match=r"taxonomy/remote\.yml"):
        load_rules()


def test_an_alias_stands_for_one_skill_only() -> None:
    seen: dict[str, str] = {}
    for skills in load_rules().skills.skills.values():
        for name, aliases in skills.items():
            assert name == name.lower()
            for words in (name, *aliases):
                assert seen.setdefault(words.lower(), name) == name


def test_a_trial_has_everything_loaded_before_its_first_suspect() -> None:
    script = (
        "import sys; from common.contracts import PostingsNormalized; from enricher.handlers import try_posting;"
        " try_posting(PostingsNormalized(postings=[])); before = set(sys.modules);"
        " from tests.support.enrichment import posting;"
        " suspects = [posting('Analyst', 'You know R for statistics.')];"
        " try_posting(PostingsNormalized(postings=suspects));"
        " print(sorted(name for name in set(sys.modules) - before if name.startswith(('spacy', 'enricher'))))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=REPOSITORY)
    assert done.stdout.strip() == "[]"
