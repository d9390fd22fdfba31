# SPDX-License-Identifier: GPL-3.0-or-later
"""What is known of a volume, whatever it is made of."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Volume:
    """A volume that exists.

    path: a device, an image file or a folder. size: bytes, -1 of a folder. marked: whether it bears our mark.
    origin: what it is a snapshot of, or "". group, pool: of a logical volume.
    """

    name: str
    path: str
    size: int
    marked: bool
    origin: str = ""
    group: str = ""
    pool: str = ""
