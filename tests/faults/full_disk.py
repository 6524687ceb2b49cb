"""A Redis whose disk can be filled: its data lies in a small file system of its own, which nobody else sees."""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from tests.fixtures.instances import PrivateRedis

_SIZE = "96m"
_MOUNT = f'mount -t tmpfs -o size={_SIZE} tmpfs "$0" && exec "$@"'


class RedisOnSmallDisk(PrivateRedis):
    """Runs in a mount namespace with a ``tmpfs`` at its data folder, so that nothing is left mounted and a full disk
    is this server's alone. Its data goes with the process: it can be filled, and not be killed.
    """

    def prepare(self) -> None:
        """The mount point."""
        super().prepare()
        (self.folder / "data").mkdir(exist_ok=True)

    def command(self, port: int) -> Sequence[str | Path]:
        """The same server, on the small disk; it stays the same process."""
        data = str(self.folder / "data")
        own = [str(part) for part in super().command(port)]
        return [*(unshare() or ()), "sh", "-c", _MOUNT, data, *own, "--dir", data]

    def fill(self) -> None:
        """Take all that is free, to the last byte."""
        with self._filler().open("wb", buffering=0) as filler:
            block = b"\0" * 65536
            while block:
                try:
                    filler.write(block)
                except OSError as error:
                    if error.errno != errno.ENOSPC:
                        raise
                    block = block[: len(block) // 2]

    def free(self) -> None:
        """Make room again."""
        self._filler().unlink()

    def _filler(self) -> Path:
        # The only way into another process's mounts that needs no change of our own.
        return Path(f"/proc/{self.pid}/root{self.folder / 'data' / 'filler'}")


@cache
def unshare() -> list[str] | None:
    """How a mount namespace is made here: as root, else inside a user namespace; ``None`` where neither is allowed."""
    for options in ([] if os.geteuid() else ["-m"]), ["-rm"]:
        command = ["unshare", *options]
        try:
            done = subprocess.run([*command, "sh", "-c", "mount -t tmpfs tmpfs /mnt"], capture_output=True, timeout=10)
        except (OSError, subprocess.TimeoutExpired):
            continue
        if options and done.returncode == 0:
            return command
    return None
