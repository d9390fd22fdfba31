# SPDX-License-Identifier: GPL-3.0-or-later
"""`make bootstrap-install`: what only root can do for a system, as the CLFS book does it before the first boot.

Ownership (CLFS: Changing Ownership) and the device nodes that the kernel needs before anything is mounted on /dev
(CLFS: Populating /dev). `make bootstrap-reopen` undoes that.
"""

import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from ruckus_aux.host.commands import user_name
from ruckus_aux.settings.ownership import is_ours
from ruckus_aux.settings.settings import Settings
from ruckus_aux.settings.stamps import Stamp, lock, stamps
from ruckus_aux.words.errors import RuckusError
from ruckus_aux.words.hints import make_command
from ruckus_aux.words.paths import BUILDDIR_NAMES, BUILDROOT_NAMES, CONF, MARKER

# Name in /dev, major and minor number, mode: see Documentation/admin-guide/devices.txt in the kernel's source.
_NODES = (("console", 5, 1, 0o600), ("null", 1, 3, 0o666))


def install(settings: Settings) -> None:
    """Give the merged files of $CLFS, and their directories, to root, and create the device nodes.

    Files that no step has merged keep their owner. Raises RuckusError when this process is not root's.
    """
    _need_root("bootstrap-install")
    with lock(settings):
        root = settings.clfs
        paths = _merged(stamp for stamp in stamps(settings) if stamp.root == root)
        if not paths:
            raise RuckusError(f"{root} holds no system yet", f"run: {make_command(settings.builddir, 'bootstrap')}")
        for path in paths:
            _give(path, 0, 0)
        (root / "dev").mkdir(exist_ok=True)
        for node, device, mode in _nodes(root):
            if not node.exists():
                try:
                    os.mknod(node, mode | stat.S_IFCHR, device)
                except PermissionError as error:  # root of a container
                    raise RuckusError(
                        f"{node}: this root may not make device nodes", "run it outside of a container"
                    ) from error
                node.chmod(mode)  # whatever the umask is
    print(f"  INSTALL  {len(paths)} files and directories of {root} belong to root")


def reopen(settings: Settings) -> None:
    """Undo what `install` did, and give everything else that root has written here to the user who configured.

    Raises RuckusError when this process is not root's, or root configured.
    """
    _need_root("bootstrap-reopen")
    user, group = _builder(settings)
    with lock(settings):
        for node, device, _ in _nodes(settings.clfs):
            if node.is_char_device() and node.stat().st_rdev == device:
                node.unlink()
        merged = _merged(stamps(settings, pending=True))
        if (folder := settings.clfs / "dev") not in merged:
            with suppress(OSError):  # not there, or not empty
                folder.rmdir()
        paths = {*merged, *_written(settings, user)}
        mine = [path for path in paths if os.path.lexists(path) and path.lstat().st_uid == 0]
        for path in mine:
            _give(path, user, group)
    print(f"  REOPEN   {len(mine)} files and directories belong to {user_name(user)}; go on with: make bootstrap")


def _need_root(target: str) -> None:
    if os.geteuid() != 0:
        raise RuckusError(f"{target} needs root", f"run: sudo make {target}")


def _nodes(root: Path) -> Iterator[tuple[Path, int, int]]:
    """The device nodes of a system: path, device number and mode."""
    for name, major, minor, mode in _NODES:
        yield root / "dev" / name, os.makedev(major, minor), mode


def _merged(merged: Iterable[Stamp]) -> set[Path]:
    """What steps have merged, and the directories that lead there."""
    paths = {(stamp.root, stamp.root / name) for stamp in merged for name in stamp.files}
    return {path for root, file in paths for path in (file, *file.parents) if root in (path, *path.parents)}


def _give(path: Path, user: int, group: int) -> None:
    with suppress(FileNotFoundError):
        status = path.lstat()
        if (status.st_uid, status.st_gid) != (user, group):
            os.chown(path, user, group, follow_symlinks=False)
            if not stat.S_ISLNK(status.st_mode):
                path.chmod(stat.S_IMODE(status.st_mode))  # chown takes away setuid


def _builder(settings: Settings) -> tuple[int, int]:
    """User and group of whoever configured; if that was root, by mistake, of whoever called sudo now."""
    status = (settings.builddir / CONF).stat()
    user, group = status.st_uid, status.st_gid
    if user == 0:
        user, group = (int(os.environ.get(name, "0")) for name in ("SUDO_UID", "SUDO_GID"))
    if user == 0:
        raise RuckusError(f"{settings.builddir} was configured by root", "root can go on there: make bootstrap")
    return user, group


def _written(settings: Settings, user: int) -> Iterator[Path]:
    """What Ruckus and configure write into a build directory, and into a cache that is the user's."""
    yield settings.buildroot
    yield settings.builddir
    yield from (settings.builddir / name for name in BUILDDIR_NAMES)
    trees = [settings.buildroot / name for name in (*BUILDROOT_NAMES, MARKER, ".pycache")]
    cache = settings.cache
    if is_ours(cache) and (settings.buildroot in cache.parents or (cache / MARKER).stat().st_uid == user):
        trees.append(cache)
    for tree in trees:
        yield tree
        for folder, directories, names in os.walk(tree):
            yield from (Path(folder, name) for name in (*directories, *names))
