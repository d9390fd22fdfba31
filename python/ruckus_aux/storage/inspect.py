# SPDX-License-Identifier: GPL-3.0-or-later
"""Look at what is on a device as a builder sees it: mounted for reading, and not a byte is written to it."""

import os
import subprocess
import sys
import tempfile
from contextlib import ExitStack, suppress
from pathlib import Path

from ruckus_aux.host.root import Root, only_roots
from ruckus_aux.storage.lending import mounted_read_only, snapshot_of


def look(access: Root, device: str, folder: Path, command: str = "", snapshot: str = "") -> int:
    """Run a shell in a snapshot of a device; returns its exit status.

    folder: for copies of images. command: run in place of an interactive shell.
    snapshot: one that is there already; else one is made, and removed again.
    Raises RuckusError when the device can't be lent, or mounted without writing to it.
    """
    with ExitStack() as stack:
        copy = stack.enter_context(snapshot_of(access, device, folder, "look", snapshot))
        place = Path(tempfile.mkdtemp(prefix="ruckus-"))
        stack.callback(_remove, place)
        only_roots(place, os.geteuid())
        for warning in stack.enter_context(mounted_read_only(access, copy, place)):
            print(f"ruckus: warning: {warning}", file=sys.stderr)
        program = ["/bin/sh", "-c", command] if command else [os.environ.get("SHELL", "/bin/sh")]
        sys.stdout.flush()
        # Not through sarge: a shell needs our terminal as it is.
        child = subprocess.Popen(program, cwd=place)
        try:
            return child.wait()
        finally:  # subprocess.run waits for a quarter of a second only, and then the mount point is still in use
            child.kill()
            child.wait()


def _remove(place: Path) -> None:
    with suppress(OSError):  # it is still mounted, which is told already
        place.rmdir()
