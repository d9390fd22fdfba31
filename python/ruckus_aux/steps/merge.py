# SPDX-License-Identifier: GPL-3.0-or-later
"""Merge artifacts into the systems that they make up, and remember which file came from which step.

Before a file is touched, the stamp is on the disk as a pending one, STEP.KEY.part, and so are those of the step's
earlier versions (settings/stamps.py). Who else has installed a file says the index (settings/installed.py).
"""

import filecmp
import os
import secrets
import shutil
from collections.abc import Collection, Container, Iterable, Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path

from ruckus_aux.artifacts.store import Store
from ruckus_aux.host.commands import run
from ruckus_aux.host.trees import listing
from ruckus_aux.host.writing import copy_new
from ruckus_aux.recipes.plan import Step
from ruckus_aux.settings.installed import Installed, installed
from ruckus_aux.settings.ownership import explained
from ruckus_aux.settings.stamps import Owner, Stamp, lock
from ruckus_aux.words.errors import RuckusError


class Others:
    """What all other steps have installed where a step does."""

    def __init__(self, index: Installed, step: str, root: Path) -> None:
        def owners(name: str) -> list[Owner]:
            return [owner for owner in index.owners(name, root) if owner.step != step]

        self.owners = cache(owners)

    def __contains__(self, name: str) -> bool:
        return bool(self.owners(name))


def stamp_path(step: Step) -> Path:
    """The file of a step's stamp, which is make's target."""
    return step.settings.stamps / f"{step.name}.{step.key}"


def merge(step: Step, tree: Path | None) -> Stamp:
    """Merge an artifact, take away what an earlier version of the step left, and write the stamp.

    Args:
        step: whose artifact it is.
        tree: the artifact; None for a step that installs nothing.

    Raises:
        RuckusError: something is in the way that another step or somebody else put there; nothing was changed.
    """
    settings = step.settings
    stamp = Stamp(
        path=stamp_path(step),
        step=step.name,
        key=step.key,
        root=settings.root(step.stage),
        inputs=step.inputs,
        replaces=step.replaces,
        files=tuple(listing(tree)) if tree else (),
        temporary=f".ruckus-{secrets.token_hex(8)}",
    )
    with explained(settings), lock(settings), installed(settings) as index:
        earlier = index.of_step(step.name, stamp.root)
        others = Others(index, step.name, stamp.root)
        hidden = {name for name in stamp.files if _is_hidden(name, others.owners(name), step)}
        for old in earlier:
            _remove_temporary(old)
        if tree:
            ours = {name for old in earlier for name in old.files if name not in others}
            _check_the_way(stamp, tree, ours, others)
        for old in earlier:
            old.reopen()
        stamp.announce()
        for old in earlier:
            _remove_files(old, {name for name in _names(old) if name in others}.union(stamp.files))
            _uncover(old, set(old.files).difference(stamp.files), others, Store(settings.cache))
        if tree:
            _copy(tree, stamp, hidden)
        if stamp.files:
            run(["sync", "-f", stamp.root])
        for old in earlier:
            if old.pending != stamp.pending:
                old.pending.unlink()
        stamp.complete()
    return stamp


def _is_hidden(name: str, owners: Iterable[Owner], step: Step) -> bool:
    """Whether a file of the step is overwritten by an owner's already; RuckusError when neither replaces the other."""
    is_hidden = False
    for owner in owners if not name.endswith("/") else ():
        if step.name in owner.replaces:
            is_hidden = True
        elif owner.step not in step.replaces:
            raise RuckusError(
                f"{step.name} and {owner.step} both install {name}",
                "let one of the recipes remove it, or declare that one replaces the other",
            )
    return is_hidden


def _uncover(old: Stamp, names: Iterable[str], others: Others, store: Store) -> None:
    """Bring back the files of other steps that an earlier version of a step has overwritten.

    Args:
        old: the earlier version, which is pending.
        names: what is not the step's any more.
        others: who else has installed them.
        store: it has the files; a step whose artifact is gone from there is merged again by the next make.
    """
    for name in names:
        owners = others.owners(name)
        top = next((one for one in owners if not any(one.step in other.replaces for other in owners)), None)
        if top is None or top.step not in old.replaces or name.endswith("/") or _link_above(old.root, name):
            continue
        source, partial = store.tree(top.key) / name, old.root / os.path.dirname(name) / old.temporary
        if os.path.lexists(source):
            _copy_one(source, partial, None)
            partial.rename(old.root / name)
        elif top.path.exists():  # not reopened yet, for another file
            top.reopen()


def _check_the_way(stamp: Stamp, tree: Path, ours: Collection[str], others: Others) -> None:
    """Raise RuckusError when merging would leave the root through a link, or destroy what the step did not install.

    ours: what only earlier versions of the step have, and what makes room. others: what other steps have.
    """
    free = {""} if not stamp.root.exists() else set[str]()  # folders in which nothing can be in the way
    for folder in _folders(stamp.files):
        there = stamp.root / folder
        if os.path.dirname(folder) in free or not os.path.lexists(there):
            free.add(folder)
        elif not _is_folder(there):
            if folder not in ours:
                raise _in_the_way(stamp, folder, f"{stamp.step} installs files below it", others)
            free.add(folder)
    for name in stamp.files:
        path = name.rstrip("/")
        there = stamp.root / path
        if os.path.dirname(path) in free or not os.path.lexists(there):
            continue
        if _is_folder(there):
            if not name.endswith("/") and (left := _foreign(stamp.root, path, ours)):
                raise _in_the_way(stamp, left, f"{stamp.step} installs {path} as a file or link", others)
        elif path not in ours and (name.endswith("/") or (name not in others and not _same(there, tree / name))):
            raise _in_the_way(stamp, path, f"{stamp.step} installs {name}", others)


def _in_the_way(stamp: Stamp, path: str, why: str, others: Others) -> RuckusError:
    """What is said of something that a merge would destroy."""
    there = stamp.root / path
    what = "a symbolic link" if there.is_symlink() else "a directory" if there.is_dir() else "a file"
    if owners := others.owners(path) or others.owners(f"{path}/"):
        return RuckusError(f"{there} is {what} of {owners[0].step}, and {why}", "let one of the recipes remove it")
    return RuckusError(f"{there} is {what} that no step has installed, and {why}", "move it away")


def _folders(names: Iterable[str]) -> list[str]:
    """The directories that lead to files, each after the one that it is in."""
    folders = set[str]()
    for name in names:
        folder = os.path.dirname(name.rstrip("/"))
        while folder and folder not in folders:
            folders.add(folder)
            folder = os.path.dirname(folder)
    return sorted(folders)


def _names(stamp: Stamp) -> Iterator[str]:
    """What a stamp's files and their directories may be called in another's list."""
    yield from stamp.files
    yield from (f"{folder}/" for folder in _folders(stamp.files))


def _is_folder(path: Path) -> bool:
    """Whether there is a directory, and not a link to one."""
    return path.is_dir() and not path.is_symlink()


def _foreign(root: Path, folder: str, ours: Collection[str]) -> str | None:
    """The first thing in a folder, or itself, that none of our files and empty directories accounts for."""
    mine = [name for name in ours if name.startswith(f"{folder}/")]
    accounted = {f"{path}/" for path in _folders(mine)} | set(mine)
    for here, directories, names in os.walk(root / folder, onerror=_raise):
        inside = [f"{name}/" for name in directories if not os.path.islink(os.path.join(here, name))]
        inside += [name for name in directories if f"{name}/" not in inside] + names
        for name in sorted(inside):
            path = os.path.join(os.path.relpath(here, root), name)
            if path not in accounted:
                return path.rstrip("/")
    return None if f"{folder}/" in accounted else folder


def _raise(error: OSError) -> None:
    raise error


def _same(one: Path, other: Path) -> bool:
    if one.is_symlink() or other.is_symlink():
        return one.is_symlink() and other.is_symlink() and one.readlink() == other.readlink()
    return filecmp.cmp(one, other, shallow=False)


def unmerge(stamp: Stamp, keep: Container[str] = ()) -> None:
    """Remove a merged artifact's files, but those to keep, its stamp, and directories that are empty then."""
    _remove_temporary(stamp)
    _remove_files(stamp, keep)
    stamp.path.unlink(missing_ok=True)


def _remove_files(stamp: Stamp, keep: Container[str]) -> None:
    """Remove what is still as the stamp says: a name that has become another kind of thing is not ours any more."""
    for name in stamp.files:
        if name in keep or _link_above(stamp.root, name):
            continue
        path = stamp.root / name
        if name.endswith("/"):
            with suppress(OSError):  # not empty
                path.rmdir()
        else:
            with suppress(FileNotFoundError, NotADirectoryError, IsADirectoryError):
                path.unlink()
        _prune(stamp.root, os.path.dirname(name.rstrip("/")), keep)


def _prune(root: Path, folder: str, keep: Container[str]) -> None:
    """Remove a folder, and those that it is in, as far as they are empty and not to be kept for that."""
    while folder and f"{folder}/" not in keep:
        try:
            (root / folder).rmdir()
        except FileNotFoundError:
            pass  # removed before a crash
        except OSError:  # not empty
            return
        folder = os.path.dirname(folder)


def _link_above(root: Path, name: str) -> Path | None:
    """The first symbolic link among the directories that lead from root to a file."""
    parents = [root / parent for parent in Path(name).parents[:-1]]
    return next((path for path in reversed(parents) if path.is_symlink()), None)


def _remove_temporary(stamp: Stamp) -> None:
    """Remove the file that was being copied when a merge was cut off."""
    if not (stamp.is_pending and stamp.temporary):
        return
    for folder in {os.path.dirname(name.rstrip("/")) for name in stamp.files}:
        path = os.path.join(folder, stamp.temporary)
        if not _link_above(stamp.root, path):
            with suppress(FileNotFoundError, NotADirectoryError):
                (stamp.root / path).unlink()


def _copy(tree: Path, stamp: Stamp, hidden: Collection[str]) -> None:
    """Copy a tree into the stamp's root, file by file under a temporary name, so that no file is ever half there."""
    copied: dict[int, Path] = {}  # by inode: what is one file in the artifact stays one
    for folder, directories, names in os.walk(tree):
        here = Path(folder).relative_to(tree)
        target = stamp.root / here
        if not target.is_dir():
            target.mkdir(parents=True)
            shutil.copystat(folder, target)
        elif not stamp.replaces and target.stat().st_mode != os.stat(folder).st_mode:
            shutil.copymode(folder, target)  # what is laid over packages has made it first
        links = [name for name in directories if os.path.islink(os.path.join(folder, name))]
        for name in names + links:
            if str(here / name) in hidden:
                continue
            source, partial = Path(folder, name), target / stamp.temporary
            inode = source.lstat().st_ino
            try:
                _copy_one(source, partial, copied.get(inode))
                partial.rename(target / name)
            except FileExistsError:  # not ours, by whatever chance
                raise
            except BaseException:
                partial.unlink(missing_ok=True)
                raise
            copied[inode] = target / name


def _copy_one(source: Path, copy: Path, same: Path | None) -> None:
    """Copy a file or link to a path where nothing is; same: a file that is there already and has the same inode."""
    if same:
        os.link(same, copy, follow_symlinks=False)
        return
    if source.is_symlink():
        copy.symlink_to(source.readlink())
    else:
        copy_new(source, copy)
    shutil.copystat(source, copy, follow_symlinks=False)
