"""Merge artifacts into the systems that they make up, and remember which file came from which step.

A stamp, stamps/STEP.KEY, says that the artifact of this key is merged, where, and which files it has. Stamps are the
targets of graph.mk: since the key is part of the name, whether one exists is all that make needs to know.
"""

import filecmp
import json
import os
import shutil
from collections.abc import Collection, Iterator, Mapping
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from pathlib import Path

from ruckus_aux.errors import RuckusError
from ruckus_aux.host import run
from ruckus_aux.locks import held
from ruckus_aux.settings import Settings
from ruckus_aux.steps import Step
from ruckus_aux.store import listing


@dataclass(frozen=True)
class Stamp:
    """A merged artifact.

    path: the stamp's own file.
    root: the folder that it was merged into.
    inputs: what its key was made of, for `ruckus why`.
    replaces: steps whose files its own files overwrite.
    files: its files, links and empty directories (with a slash at the end), relative to root.
    """

    path: Path
    step: str
    key: str
    root: Path
    inputs: Mapping[str, str]
    replaces: tuple[str, ...]
    files: tuple[str, ...]

    def missing(self) -> list[str]:
        """What was merged and is not there any more."""
        return [name for name in self.files if not os.path.lexists(self.root / name)]

    @property
    def pending(self) -> Path:
        """The file that claims the stamp's files while they are being merged."""
        return self.path.with_suffix(".part")

    def announce(self) -> None:
        """Write down which files are about to be merged: after a crash, they are known to be ours."""
        data = {name: value for name, value in self.__dict__.items() if name != "path"}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.pending.write_text(json.dumps(data, default=str))

    def complete(self) -> None:
        """Turn what was announced into the stamp, when the files are on the disk."""
        if self.files:
            run(["sync", "-f", self.root])
        self.pending.rename(self.path)


def stamp_path(settings: Settings, step: str, key: str) -> Path:
    """The file of a step's stamp, which is make's target."""
    return settings.stamps / f"{step}.{key}"


def stamps(settings: Settings, *, pending: bool = False) -> Iterator[Stamp]:
    """All stamps of a build directory.

    pending: also those whose merging was cut off.
    """
    for folder, _, names in os.walk(settings.stamps):
        for path in (Path(folder, name) for name in names if pending or not name.endswith(".part")):
            # Not a stamp of this version, or gone since we looked: then what it stands for is merged again.
            with suppress(FileNotFoundError, ValueError, KeyError, TypeError):
                data = json.loads(path.read_text())
                data |= {"root": Path(data["root"]), "replaces": tuple(data["replaces"]), "files": tuple(data["files"])}
                yield Stamp(path=path, **data)


def lock(settings: Settings) -> AbstractContextManager[int]:
    """Held by who changes stamps, merged files or the graph: one process of a build directory at a time."""
    return held(settings.buildroot / "stamps.lock")


def merge(settings: Settings, step: Step, key: str, inputs: Mapping[str, str], tree: Path | None) -> Stamp:
    """Merge an artifact, take away what an earlier version of the step left, and write the stamp.

    tree: the artifact; None for a step that installs nothing.
    Raises RuckusError, with nothing changed, when a file is in the way that another step or somebody else put there.
    """
    root = settings.root(step.stage)
    stamp = Stamp(
        stamp_path(settings, step.name, key),
        step.name,
        key,
        root,
        inputs,
        step.replaces,
        tuple(listing(tree)) if tree else (),
    )
    with lock(settings):
        existing = list(stamps(settings, pending=True))
        owners = {name: other for other in existing if other.root == root for name in other.files}
        hidden = {name for name in stamp.files if _is_hidden(name, owners.get(name), step)}
        if tree:
            _check_the_way(stamp, tree, owners.keys())
        stamp.announce()
        if tree:
            _copy(tree, root, hidden)
        keep = {name for name, owner in owners.items() if owner.step != step.name} | set(stamp.files)
        for old in existing:
            if old.step == step.name and old.key != key:
                _remove_files(old, keep if old.root == root else ())
                if old.path != stamp.pending:
                    old.path.unlink(missing_ok=True)
        stamp.complete()
    return stamp


def _is_hidden(name: str, owner: Stamp | None, step: Step) -> bool:
    """Whether a file of the step is overwritten by its owner's already; RuckusError when neither replaces the other."""
    if name.endswith("/") or owner is None or owner.step == step.name or owner.step in step.replaces:
        return False
    if step.name in owner.replaces:
        return True
    raise RuckusError(
        f"{step.name} and {owner.step} both install {name}",
        "let one of the recipes remove it, or declare that one replaces the other",
    )


def _check_the_way(stamp: Stamp, tree: Path, owned: Collection[str]) -> None:
    """Raise RuckusError when merging would leave the root through a link, or destroy what no step has installed."""
    for name in stamp.files:
        link = _link_above(stamp.root, name)
        if link:
            raise RuckusError(f"{link} is a symbolic link, and {stamp.step} installs {name}", "make it a directory")
        there = stamp.root / name
        if name.endswith("/") or name in owned or not os.path.lexists(there):
            continue
        if there.is_dir() and not there.is_symlink():
            raise RuckusError(f"{there} is a directory, and {stamp.step} installs a file there", "move it away")
        if not _same(there, tree / name):
            raise RuckusError(f"{there} is there already, and no step has installed it", "move it away")


def _link_above(root: Path, name: str) -> Path | None:
    """The first symbolic link among the directories that lead from root to a file."""
    parents = [root / parent for parent in Path(name).parents[:-1]]
    return next((path for path in reversed(parents) if path.is_symlink()), None)


def _same(one: Path, other: Path) -> bool:
    if one.is_symlink() or other.is_symlink():
        return one.is_symlink() and other.is_symlink() and one.readlink() == other.readlink()
    return filecmp.cmp(one, other, shallow=False)


def unmerge(stamp: Stamp, keep: Collection[str] = ()) -> None:
    """Remove a merged artifact's files, but those to keep, its stamp, and directories that are empty then."""
    _remove_files(stamp, keep)
    stamp.path.unlink(missing_ok=True)


def _remove_files(stamp: Stamp, keep: Collection[str]) -> None:
    for name in stamp.files:
        if name in keep or name.endswith("/") or _link_above(stamp.root, name):
            continue
        path = stamp.root / name
        path.unlink(missing_ok=True)
        with suppress(OSError):  # not empty
            for parent in path.relative_to(stamp.root).parents[:-1]:
                (stamp.root / parent).rmdir()


def _copy(tree: Path, root: Path, hidden: Collection[str]) -> None:
    """Copy a tree over another, file by file under a temporary name, so that no file is ever half there."""
    copied: dict[int, Path] = {}  # by inode: what is one file in the artifact stays one
    for folder, directories, names in os.walk(tree):
        here = Path(folder).relative_to(tree)
        target = root / here
        if not target.is_dir():
            target.mkdir(parents=True)
            shutil.copystat(folder, target)
        links = [name for name in directories if os.path.islink(os.path.join(folder, name))]
        for name in names + links:
            if str(here / name) in hidden:
                continue
            source, destination, partial = Path(folder, name), target / name, target / f".{name}.part"
            inode = source.lstat().st_ino
            partial.unlink(missing_ok=True)
            if inode in copied:
                os.link(copied[inode], partial, follow_symlinks=False)
            else:
                shutil.copy2(source, partial, follow_symlinks=False)
            partial.rename(destination)
            copied[inode] = destination
