"""Rule files with some of them replaced: their version, what a service sees of them, and every fault by its file."""

import pytest
import yaml

from common.settings import config_path
from common.settings.rule_files import SHIPPED, RuleFiles, RulesRefusedError
from enricher.store.rule_files import load_rules as enricher_rules
from normalizer.store.rule_files import load_rules as normalizer_rules
from ranker.store import load_rules as ranker_rules


def changed(name: str, old: str, new: str) -> RuleFiles:
    content = config_path(name).read_text("utf8")
    assert old in content
    return RuleFiles({name: content.replace(old, new).encode()})


def test_a_file_of_the_set_stands_in_the_place_of_the_shipped_one() -> None:
    files = RuleFiles({"dq.yml": b"mine"})
    assert files.read("dq.yml") == b"mine"
    assert files.read("ranking.yml") == config_path("ranking.yml").read_bytes()


def test_the_version_names_the_content_whatever_the_order() -> None:
    one = RuleFiles({"a.yml": b"1", "b.yml": b"2"})
    assert one.version == RuleFiles({"b.yml": b"2", "a.yml": b"1"}).version
    assert len({one.version, RuleFiles({"a.yml": b"12"}).version, RuleFiles({"a.yml": b"1"}).version, SHIPPED}) == 4
    assert RuleFiles().version == SHIPPED


def test_a_service_that_reads_none_of_the_changed_files_sees_the_shipped_rules() -> None:
    files = RuleFiles({"ranking.yml": b"x"})
    assert files.only(["dq.yml"]) == RuleFiles()
    assert files.only(["dq.yml", "ranking.yml"]) == files


def test_all_faults_of_all_files_are_told_with_the_line_or_the_field() -> None:
    files = RuleFiles({"dq.yml": b"version: [", "sources.yml": b"others: 1", "dedupe.yml": b"version: 'x'"})
    with pytest.raises(RulesRefusedError) as refused:
        normalizer_rules(files)
    faults = {fault.file: fault.detail for fault in refused.value.faults}
    assert list(faults) == ["dq.yml", "sources.yml", "dedupe.yml"]
    assert "line 1" in faults["dq.yml"]
    assert "precedence" in faults["sources.yml"]
    assert "similarity" in faults["dedupe.yml"]


@pytest.mark.parametrize("content", [b"", b"[]", b"\xff\xfe\x00", b"version: 1", b"a: &x [*x]"])
def test_whatever_a_file_holds_it_is_refused_by_its_name(content: bytes) -> None:
    for load, name in ((normalizer_rules, "dq.yml"), (enricher_rules, "pay.yml"), (ranker_rules, "ranking.yml")):
        with pytest.raises(RulesRefusedError, match=name):
            load(RuleFiles({name: content}))


def test_what_a_set_gives_is_stamped_as_such() -> None:
    files = changed("dq.yml", "limit: 500", "limit: 400")
    shipped = yaml.safe_load(config_path("dq.yml").read_text("utf8"))["version"]
    assert normalizer_rules().version == str(shipped)
    assert normalizer_rules(files).version == normalizer_rules(files).quality.version == f"{shipped}+{files.version}"
    assert normalizer_rules(files).duplicates.rules.version.endswith(f"+{files.version}")


def test_other_services_stamp_the_content_that_they_read() -> None:
    files = changed("fx_rates.yml", "version: ", "version:  ")
    assert enricher_rules(files).version != enricher_rules().version
    files = changed("ranking.yml", "no_preference: ", "no_preference:  ")
    assert ranker_rules(files).version == ranker_rules().version, "the same rules, otherwise written"
    assert enricher_rules(files).version == enricher_rules().version
