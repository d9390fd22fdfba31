# SPDX-License-Identifier: GPL-3.0-or-later
"""Inspect what is on a device as a builder sees it: mounted for reading, and not a byte is written to it."""

import os
import subprocess
import sys
import tempfile
from contextlib import ExitStack, suppress
from pathlib import Path

from ruckus_aux.host.root import Root, only_roots
from ruckus_aux.storage.lending import snapshot_of
from ruckus_aux.storage.reading import mounted_read_only


def inspect(access: Root, device: str, folder: Path, command: str = "", snapshot: str = "") -> int:
    """Run a shell in a snapshot of a device.

    Args:
        access: Who runs commands as root.
        device: A block device, or an image file.
        folder: For copies of images.
        command: Run in place of an interactive shell.
        snapshot: Mounted if given, and kept; otherwise a new one is taken, and removed afterwards.

    Returns:
        The exit status of the shell.

    Raises:
        RuckusError: The device can't be lent, or not mounted without writing to it.
    """
    with ExitStack() as stack:
        copy = stack.enter_context(snapshot_of(access, device, folder, "inspect", snapshot))
        point = Path(tempfile.mkdtemp(prefix="ruckus-"))
        stack.callback(_remove, point)
        only_roots(point, os.geteuid())
        for warning in stack.enter_context(mounted_read_only(access, copy, point)):
            print(f"ruckus: warning: {warning}", file=sys.stderr)
        program = ["/bin/sh", "-c", command] if command else [os.environ.get("SHELL", "/bin/sh")]
        sys.stdout.flush()
        # Not through sarge: a shell needs our terminal as it is.
        child = subprocess.Popen(program, cwd=point)
        try:
            return child.wait()
        finally:  # subprocess.run waits for a quarter of a second only, and then the mount point is still in use
            child.kill()
            child.wait()


def _remove(point: Path) -> None:
    with suppress(OSError):  # it is still mounted, which is reported already
        point.rmdir()
