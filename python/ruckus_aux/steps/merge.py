# SPDX-License-Identifier: GPL-3.0-or-later
"""Merge artifacts into the systems that they make up, and remember which file came from which step.

A stamp, stamps/STEP.KEY, says that the artifact of this key is merged, where, and which files it has. Stamps are the
targets of graph.mk: since the key is part of the name, whether one exists is all that make needs to know.

Before a file is touched, the stamp is on the disk as a pending one, STEP.KEY.part, and so are those of the step's
earlier versions. So after a crash or a power cut, whenever it was, every file that may be there is known to be ours.
"""

import filecmp
import json
import os
import secrets
import shutil
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from pathlib import Path

from ruckus_aux.host.commands import run
from ruckus_aux.host.locks import held
from ruckus_aux.host.trees import listing
from ruckus_aux.host.writing import copy_new, make_folder, settle, write_whole
from ruckus_aux.recipes.plan import Step
from ruckus_aux.settings.ownership import explained
from ruckus_aux.settings.settings import Settings
from ruckus_aux.words.errors import RuckusError
from ruckus_aux.words.paths import STAMPS_LOCK
from ruckus_aux.words.records import read_record
from ruckus_aux.words.step_name import StepName

_PENDING = ".part"


@dataclass(frozen=True)
class Stamp:
    """A merged artifact, or one whose merging was cut off: then it is pending.

    path: the stamp's own file.
    root: the folder that it was merged into.
    inputs: what its key was made of, for `ruckus why`.
    replaces: steps whose files its own files overwrite.
    files: its files, links and empty directories (with a slash at the end), relative to root.
    temporary: what each of its files was called while it was copied, in its own folder: short, so that it fits where
        the file's name does, and random, so that it is the name of nobody else's file.
    """

    path: Path
    step: StepName
    key: str
    root: Path
    inputs: Mapping[str, str]
    replaces: tuple[StepName, ...]
    files: tuple[str, ...]
    temporary: str = ""

    def missing(self) -> list[str]:
        """What was merged and is not there any more."""
        return [name for name in self.files if not os.path.lexists(self.root / name)]

    @property
    def is_pending(self) -> bool:
        """Whether it only claims its files, and make does not take the step as done."""
        return self.path.suffix == _PENDING

    @property
    def pending(self) -> Path:
        """Its file while it is pending."""
        return self.path if self.is_pending else self.path.with_name(f"{self.path.name}{_PENDING}")

    def reopen(self) -> None:
        """Make it pending."""
        self.path.rename(self.pending)

    def announce(self) -> None:
        """Write down which files are about to be merged: after a crash, they are known to be ours."""
        data = {name: value for name, value in self.__dict__.items() if name != "path"}
        make_folder(self.path.parent)
        write_whole(self.pending, json.dumps(data, default=str), lasting=True)

    def complete(self) -> None:
        """Turn what was announced into the stamp, when the files are on the disk."""
        settle(self.pending, self.path)


def stamp_path(step: Step) -> Path:
    """The file of a step's stamp, which is make's target."""
    return step.settings.stamps / f"{step.name}.{step.key}"


def stamps(settings: Settings, *, pending: bool = False) -> Iterator[Stamp]:
    """All stamps of a build directory.

    pending: also those whose merging was cut off.
    """
    found = (_read(path) for path in _stamp_files(settings))
    return (stamp for stamp in found if stamp and (pending or not stamp.is_pending))


def unreadable(settings: Settings) -> list[Path]:
    """The files that only look like stamps: cut off, or not of this version. Without them, the step is merged again."""
    return [path for path in _stamp_files(settings) if _read(path) is None]


def _stamp_files(settings: Settings) -> list[Path]:
    return [Path(folder, name) for folder, _, names in os.walk(settings.stamps) for name in names]


def _read(path: Path) -> Stamp | None:
    try:
        return read_record(Stamp, path.read_bytes(), path=path)
    except (FileNotFoundError, ValueError):
        return None


def lock(settings: Settings) -> AbstractContextManager[int]:
    """Held by who changes stamps, merged files or the graph: one process of a build directory at a time."""
    return held(settings.buildroot / STAMPS_LOCK, "the merged files", settings.builddir)


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
    with explained(settings), lock(settings):
        existing = [other for other in stamps(settings, pending=True) if other.root == stamp.root]
        earlier = [other for other in existing if other.step == step.name]
        others = {name: other for other in existing if other.step != step.name for name in other.files}
        hidden = {name for name in stamp.files if _is_hidden(name, others.get(name), step)}
        for old in earlier:
            _remove_temporary(old)
        if tree:
            _check_the_way(stamp, tree, {name for old in earlier for name in old.files} - others.keys(), others)
        for old in earlier:
            old.reopen()
        stamp.announce()
        for old in earlier:
            _remove_files(old, {*others, *stamp.files})
        if tree:
            _copy(tree, stamp, hidden)
        if stamp.files:
            run(["sync", "-f", stamp.root])
        for old in earlier:
            if old.pending != stamp.pending:
                old.pending.unlink()
        stamp.complete()
    return stamp


def _is_hidden(name: str, owner: Stamp | None, step: Step) -> bool:
    """Whether a file of the step is overwritten by its owner's already; RuckusError when neither replaces the other."""
    if name.endswith("/") or owner is None or owner.step in step.replaces:
        return False
    if step.name in owner.replaces:
        return True
    raise RuckusError(
        f"{step.name} and {owner.step} both install {name}",
        "let one of the recipes remove it, or declare that one replaces the other",
    )


def _check_the_way(stamp: Stamp, tree: Path, ours: Collection[str], others: Mapping[str, Stamp]) -> None:
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


def _in_the_way(stamp: Stamp, path: str, why: str, others: Mapping[str, Stamp]) -> RuckusError:
    """What is said of something that a merge would destroy."""
    there = stamp.root / path
    what = "a symbolic link" if there.is_symlink() else "a directory" if there.is_dir() else "a file"
    if owner := others.get(path) or others.get(f"{path}/"):
        return RuckusError(f"{there} is {what} of {owner.step}, and {why}", "let one of the recipes remove it")
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


def unmerge(stamp: Stamp, keep: Collection[str] = ()) -> None:
    """Remove a merged artifact's files, but those to keep, its stamp, and directories that are empty then."""
    _remove_temporary(stamp)
    _remove_files(stamp, keep)
    stamp.path.unlink(missing_ok=True)


def _remove_files(stamp: Stamp, keep: Collection[str]) -> None:
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


def _prune(root: Path, folder: str, keep: Collection[str]) -> None:
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
