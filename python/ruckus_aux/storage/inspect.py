# SPDX-License-Identifier: GPL-3.0-or-later
"""Inspect what is on a device as a builder sees it: mounted for reading, and not a byte is written to it."""

import os
import subprocess
import sys
from pathlib import Path

from ruckus_aux.host.root import Root
from ruckus_aux.storage.lending import mounted_copy


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
    with mounted_copy(access, device, folder, "inspect", snapshot) as point:
        program = ["/bin/sh", "-c", command] if command else [os.environ.get("SHELL", "/bin/sh")]
        sys.stdout.flush()
        # Not through sarge: a shell needs our terminal as it is.
        child = subprocess.Popen(program, cwd=point)
        try:
            return child.wait()
        finally:  # subprocess.run waits for a quarter of a second only, and then the mount point is still in use
            child.kill()
            child.wait()
