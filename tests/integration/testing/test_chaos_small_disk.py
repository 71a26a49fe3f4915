"""The chaos suite's small disk keeps the files it was put under, fills up and lets go."""

import errno
from pathlib import Path

import pytest

from tests.chaos.small_disk import NoDiskError, small_disk


def test_files_survive_a_small_disk_that_fills_up(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir(mode=0o700)
    (folder / "before").write_text("kept")
    try:
        with small_disk(folder, 8) as disk:
            assert (folder / "before").read_text() == "kept"
            assert folder.stat().st_mode & 0o777 == 0o700
            with disk.full(), pytest.raises(OSError, match="No space") as refused:
                (folder / "more").write_bytes(bytes(1024**2))
            assert refused.value.errno == errno.ENOSPC
            (folder / "after").write_text("also kept")
    except NoDiskError as error:
        pytest.skip(str(error))
    assert (folder / "before").read_text() == "kept"
    assert (folder / "after").read_text() == "also kept"
    assert folder.stat().st_mode & 0o777 == 0o700
