"""Real data, which is not part of the repository."""

import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
DATA_VARIABLE = "POSTHORN_SHARED_DATA"


def shared_folder() -> Path:
    """Where real payloads and postings are looked for; it need not exist."""
    return Path(os.environ.get(DATA_VARIABLE) or REPOSITORY.parent / "shared" / "data")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder with real payloads and postings."""
    folder = shared_folder()
    if not folder.is_dir():
        pytest.skip(f"no real data in {folder}: set {DATA_VARIABLE} to its folder")
    return folder
