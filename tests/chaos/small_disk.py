"""A disk of a few megabytes under a folder, to be filled and freed: a tmpfs mounted over it (Linux, root)."""

import errno
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_BLOCK = bytes(1024**2)


class NoDiskError(Exception):
    """Mounting is not possible here; the message says why."""


@dataclass(frozen=True)
class SmallDisk:
    """The disk under a folder."""

    folder: Path

    @property
    def free(self) -> int:
        """Bytes that may still be written."""
        state = os.statvfs(self.folder)
        return state.f_bavail * state.f_frsize

    @contextmanager
    def full(self, leave: int = 0) -> Iterator[None]:
        """Within, only `leave` bytes are free at the beginning."""
        ballast = self.folder / "ballast"
        try:
            self._fill(ballast, leave)
            yield
        finally:
            ballast.unlink()

    def _fill(self, ballast: Path, leave: int) -> None:
        with ballast.open("wb", buffering=0) as file:
            while self.free > leave:
                try:
                    file.write(_BLOCK[: max(4096, self.free - leave)])
                except OSError as error:
                    if error.errno != errno.ENOSPC:
                        raise
                    return


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[SmallDisk]:
    """Move the folder's files to a disk with `megabytes` more than they take; on leaving they move back.

    Whoever uses the files must be stopped when this begins and when it ends.
    """
    folder.mkdir(parents=True, exist_ok=True)
    used = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    kept = Path(tempfile.mkdtemp(prefix="posthorn-disk-")) / "files"
    state = folder.stat()
    shutil.move(folder, kept)
    folder.mkdir()
    try:
        _mount(folder, used + megabytes * 1024**2, state)
    except NoDiskError:
        folder.rmdir()
        _move_back(kept, folder)
        raise
    _run(["cp", "-a", f"{kept}/.", str(folder)])
    shutil.rmtree(kept)
    try:
        yield SmallDisk(folder)
    finally:
        _run(["cp", "-a", str(folder), str(kept)])
        _run(["umount", str(folder)])
        folder.rmdir()
        _move_back(kept, folder)


def _move_back(kept: Path, folder: Path) -> None:
    shutil.move(kept, folder)
    kept.parent.rmdir()


def _mount(folder: Path, size: int, state: os.stat_result) -> None:
    options = f"size={size},mode={state.st_mode & 0o777:o},uid={state.st_uid},gid={state.st_gid}"
    _run(["mount", "-t", "tmpfs", "-o", options, "posthorn-chaos", str(folder)])


def _run(command: list[str]) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    except OSError as error:
        raise NoDiskError(str(error)) from error
    if done.returncode != 0:
        raise NoDiskError(f"{command[0]}: {done.stderr.strip()}")
