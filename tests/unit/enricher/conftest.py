"""The readers over the repository's rules, built once."""

import pytest

from enricher.domain.enrich import Enricher
from enricher.store.rule_files import load_rules


@pytest.fixture(scope="session")
def enricher() -> Enricher:
    return Enricher(load_rules())
