# SPDX-License-Identifier: GPL-3.0-or-later
"""What root has to change in a system, so that it is as the table of owners, modes and device nodes says."""

import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ruckus_aux.host import mounts
from ruckus_aux.host.root import Command
from ruckus_aux.host.trees import is_missing
from ruckus_aux.settings.settings import Settings
from ruckus_aux.settings.stamps import stamps
from ruckus_aux.storage import commands
from ruckus_aux.systems.table import ROOT, Node, Owners, Table
from ruckus_aux.words.errors import RuckusError

_SPECIAL = stat.S_ISUID | stat.S_ISGID
# Devices that everyone may use on any machine: null, zero, full, random, urandom, tty, ptmx (admin-guide/devices.txt).
_EVERYONES = {("c", 1, minor) for minor in (3, 5, 7, 8, 9)} | {("c", 5, 0), ("c", 5, 2)}


@dataclass
class Changes:
    """Paths below the root of a system, by the owner or mode that they are to get; device nodes that are to be made.

    lines: one for each change, for people. notes: what is left as it is, and why.
    """

    owners: dict[Owners, list[str]] = field(default_factory=dict)
    modes: dict[int, list[str]] = field(default_factory=dict)
    nodes: dict[str, Node] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def commands(self, clfs: Path) -> Iterator[tuple[Command, bytes]]:
        """The commands that make them, each with what it reads."""
        for owner, paths in sorted(self.owners.items()):
            if owner == ROOT:  # thousands
                yield commands.own_listed(clfs, *ROOT), listed(paths)
            else:  # one by one: words that do not depend on what else has to be changed, for sudoers
                yield from ((commands.own(clfs, *owner, path), b"") for path in paths)
        for mode, paths in sorted(self.modes.items()):
            yield from ((commands.set_mode(clfs, mode, path), b"") for path in paths)
        for path, node in sorted(self.nodes.items()):
            yield commands.make_node(clfs, path, *node), b""

    def __str__(self) -> str:
        owners, modes = (sum(map(len, paths.values())) for paths in (self.owners, self.modes))
        return f"owners of {owners}, modes of {modes}, {len(self.nodes)} device nodes"


def find_changes(clfs: Path, merged: Mapping[str, os.stat_result], table: Table) -> Changes:
    """What is not as the table says.

    Args:
        clfs: The root of the system.
        merged: Its merged files.
        table: Its table.

    Raises:
        RuckusError: Something that was merged has become something else.
    """
    changes = Changes()
    for path, status in merged.items():
        here, wanted = (status.st_uid, status.st_gid), table.owners.get(path, ROOT)
        if here != wanted:
            changes.owners.setdefault(wanted, []).append(path)
            changes.lines.append(f"owner {here[0]}:{here[1]} -> {wanted[0]}:{wanted[1]}  {path}")
    chowned = {path for paths in changes.owners.values() for path in paths}
    declared = {_file(merged[path]) for path in table.modes if path in merged}  # which may have other names
    special = {path: status for path, status in merged.items() if _is_special(status) and _file(status) not in declared}
    modes = {path: stat.S_IMODE(status.st_mode) & ~_SPECIAL for path, status in special.items()}
    for path, mode in (modes | _settable(clfs, table, changes)).items():
        try:
            now = (clfs / path).lstat().st_mode
        except PermissionError:  # in a folder of root's alone, where this user has set it before
            continue
        if stat.S_ISLNK(now):
            raise RuckusError(f"{clfs / path} is a symbolic link, and has no mode", "declare that of what it leads to")
        if stat.S_IMODE(now) != mode or (path in chowned and mode & _SPECIAL):  # chown(2) takes these away
            changes.modes.setdefault(mode, []).append(path)
            changes.lines.append(f"mode {stat.S_IMODE(now):04o} -> {mode:04o}  {path}")
    for path, node in _makeable(clfs, table, changes).items():
        if not is_node(clfs / path, node):
            if not is_missing(clfs / path):
                what = f"{clfs / path} is not the device {node.kind} {node.major} {node.minor}"
                raise RuckusError(what, "move it away")
            changes.nodes[path] = node
            changes.lines.append(f"node {node.kind} {node.major} {node.minor} {node.mode:04o}  {path}")
    return changes


def all_changes(clfs: Path, table: Table) -> Changes:
    """What root may have to change in any state of a system, however far it is built.

    Args:
        clfs: Its root.
        table: Its table.
    """
    changes = Changes({ROOT: []})
    for path, owner in table.owners.items():
        changes.owners.setdefault(owner, []).append(path)
    for path, mode in _settable(clfs, table, changes).items():
        changes.modes.setdefault(mode, []).append(path)
    changes.nodes = _makeable(clfs, table, changes)
    return changes


def merged_files(settings: Settings) -> dict[str, os.stat_result]:
    """What steps have merged into $CLFS, and the folders that lead there, without what this user may not look at.

    Raises RuckusError when a folder has become a symbolic link: it may lead out of the system.
    """
    clfs = settings.clfs
    names = {name for stamp in stamps(settings, pending=True) if stamp.root == clfs for name in stamp.files}
    folders: set[str] = set()
    for name in names:
        while (name := os.path.dirname(name)) and name not in folders:  # "a/" is an empty folder
            folders.add(name)
    found = {".": clfs.lstat()}
    for path in sorted(folders.union(name for name in names if not name.endswith("/"))):
        try:
            found[path] = (clfs / path).lstat()
        except OSError:  # not there, or hidden from this user
            continue
        if path in folders and not stat.S_ISDIR(found[path].st_mode):
            raise RuckusError(f"{clfs / path} has become another thing than a folder", "move it away, and build again")
    return found


def listed(paths: Iterable[str]) -> bytes:
    """Paths as xargs reads them: what is in a folder comes before it, so that the same command can continue."""
    return b"".join(os.fsencode(f"./{path}\0") for path in sorted(paths, reverse=True))


def is_node(path: Path, node: Node) -> bool:
    """Whether there is this device node already.

    Args:
        path: Where.
        node: Which.
    """
    try:
        status = path.lstat()
    except OSError:
        return False
    kind = "c" if stat.S_ISCHR(status.st_mode) else "b" if stat.S_ISBLK(status.st_mode) else ""
    return (kind, status.st_rdev) == (node.kind, os.makedev(node.major, node.minor))


def _file(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino


def _is_special(status: os.stat_result) -> bool:
    return bool(status.st_mode & _SPECIAL) and not stat.S_ISLNK(status.st_mode)


# A system is the work of its user. So nothing in it may give them, or anyone else, root's rights on this machine: that
# takes a file system on which setuid and devices mean nothing, and root, since who only has sudo may unmount it.


def _settable(clfs: Path, table: Table, changes: Changes) -> dict[str, int]:
    modes = dict(table.modes)
    for path, mode in table.modes.items():
        if mode & _SPECIAL and not _is_mounted(clfs, "nosuid"):
            modes[path] = mode & ~_SPECIAL
            changes.notes.append(f"/{path} has mode {mode:04o} in images only: {_WHY.format('nosuid')}")
    return modes


def _makeable(clfs: Path, table: Table, changes: Changes) -> dict[str, Node]:
    nodes = dict(table.nodes)
    for path, node in table.nodes.items():
        if node.mode & 0o066 and node[:3] not in _EVERYONES and not _is_mounted(clfs, "nodev"):
            del nodes[path]
            changes.notes.append(f"/{path} is made in images only: {_WHY.format('nodev')}")
    return nodes


_WHY = "in the system, root sets it itself (sudo make bootstrap-install), where that is mounted with {}"


def _is_mounted(clfs: Path, option: str) -> bool:
    mount = mounts.holding(clfs)
    return os.geteuid() == 0 and mount is not None and option in mount.options
