# SPDX-License-Identifier: GPL-3.0-or-later
"""Where domains are: in which dom0, with which disks and network."""

import re
from contextlib import suppress
from dataclasses import dataclass, fields
from pathlib import Path

from ruckus_aux.builders.dom0 import Dom0
from ruckus_aux.builders.machine import Start
from ruckus_aux.host.remote import Remote
from ruckus_aux.host.root import HERE, Root
from ruckus_aux.settings.journal import Journal
from ruckus_aux.steps.outcome import run_name
from ruckus_aux.words.errors import RuckusError

PLACED = "disk.placed"  # in a builder's folder: which image was written, and where
_BRIDGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,14}")


@dataclass(frozen=True)
class Where:
    """Where domains are: in a dom0 that ssh knows by this name, "" for this machine, with disks in that group.

    bridge: of the dom0, to which they are connected; "" for none.
    """

    dom0: str = ""
    group: str = "vg00"
    bridge: str = ""

    def __post_init__(self) -> None:
        if self.bridge and not _BRIDGE.fullmatch(self.bridge):
            raise RuckusError(f"--bridge={self.bridge}: not the name of a bridge", "see in the dom0: brctl show")


def where_of(start: Start) -> Where:
    """Where a domain was started."""
    return Where(**{item.name: start.more[item.name] for item in fields(Where) if item.name in start.more})


def where_placed(folder: Path) -> Where | None:
    """Where the disk of a domain is that has been kept; None when there is none.

    folder: of the builder.
    """
    with suppress(OSError, ValueError):
        _, name, path = (folder / PLACED).read_text().strip().split("\t")
        return Where("" if name == HERE.name else name, path.removeprefix("/dev/").rpartition("/")[0])
    return None


_dom0s: dict[str, Dom0] = {}  # of this process: what is asked there, is asked for all builders at once


def dom0_of(where: Where, journal: Path) -> Dom0:
    """A dom0, which all builders in it have in common.

    Args:
        where: Which.
        journal: Of what is run there as root.
    """
    if where.dom0 not in _dom0s:
        host = Remote(where.dom0) if where.dom0 else HERE
        _dom0s[where.dom0] = Dom0(Root(Journal(journal), run_name(), host=host))
    return _dom0s[where.dom0]
