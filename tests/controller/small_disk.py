"""A disk of its own for a test: a small real file system that can be filled, frozen, and made read-only by an error."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SIZE_MB = 16
CAP_SYS_ADMIN = 21
TIMEOUT_S = 20


def can_mount() -> bool:
    """Whether this process may make disks: a right that no package gives, so that its lack is a skip everywhere."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    rights = next(int(line.split()[1], 16) for line in status.splitlines() if line.startswith("CapEff:"))
    tools = all(shutil.which(name) for name in ("mkfs.ext4", "mount", "umount", "findmnt", "fsfreeze"))
    return bool(rights >> CAP_SYS_ADMIN & 1) and Path("/dev/loop-control").exists() and tools


def _run(*command: str) -> str:
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=TIMEOUT_S)
    return done.stdout.strip()


class SmallDisk:
    """An ext4 in a file, mounted at ``folder``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._filler = folder / "filler"

    def fill(self) -> None:
        """Use every block, as a log that runs wild does."""
        with self._filler.open("wb", buffering=0) as file:
            try:
                for size in (65_536, 1024):
                    while True:
                        file.write(bytes(size))
            except OSError:
                pass

    def free(self) -> None:
        """Give the space back."""
        self._filler.unlink()

    def break_down(self) -> None:
        """What a disk with bad sectors comes to: the kernel finds an error and makes the file system read-only."""
        device = _run("findmnt", "--noheadings", "--output", "SOURCE", str(self.folder))
        Path(f"/sys/fs/ext4/{Path(device).name}/trigger_fs_error").write_text("1")

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Inside, every write and every sync hangs, as with a storage that has lost its path."""
        _run("fsfreeze", "--freeze", str(self.folder))
        try:
            yield
        finally:
            _run("fsfreeze", "--unfreeze", str(self.folder))


@contextmanager
def small_disk(base: Path) -> Iterator[SmallDisk]:
    """Make and mount one below ``base``; unmounted at the end, by force if somebody still holds a file."""
    image, folder = base / "disk.img", base / "disk"
    folder.mkdir()
    with image.open("wb") as file:
        file.truncate(SIZE_MB * 1_000_000)
    _run("mkfs.ext4", "-q", "-m", "0", str(image))
    _run("mount", "-o", "loop,errors=remount-ro", str(image), str(folder))
    try:
        yield SmallDisk(folder)
    finally:
        _run("umount", "--lazy", str(folder))
        image.unlink()
