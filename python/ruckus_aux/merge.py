"""Merge artifacts into the systems that they make up, and remember which file came from which step.

A stamp, stamps/STEP.KEY, says that the artifact of this key is merged, where, and which files it has. Stamps are the
targets of graph.mk: since the key is part of the name, whether one exists is all that make needs to know.
"""

import json
import os
import shutil
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ruckus_aux.errors import RuckusError
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

    def is_whole(self) -> bool:
        """Whether everything that was merged is still there."""
        return all(os.path.lexists(self.root / name) for name in self.files)

    def write(self) -> None:
        """Write the file, complete or not at all."""
        data = {name: value for name, value in self.__dict__.items() if name != "path"}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        partial = self.path.with_suffix(".part")
        partial.write_text(json.dumps(data, default=str))
        partial.rename(self.path)


def stamp_path(settings: Settings, step: str, key: str) -> Path:
    """The file of a step's stamp, which is make's target."""
    return settings.stamps / f"{step}.{key}"


def stamps(settings: Settings) -> Iterator[Stamp]:
    """All stamps of a build directory."""
    for folder, _, names in os.walk(settings.stamps):
        for path in (Path(folder, name) for name in names if not name.endswith(".part")):
            try:
                data = json.loads(path.read_text())
                data |= {"root": Path(data["root"]), "replaces": tuple(data["replaces"]), "files": tuple(data["files"])}
                yield Stamp(path=path, **data)
            except FileNotFoundError:
                continue  # another step has just replaced it
            except (ValueError, KeyError, TypeError):
                path.unlink()  # not ours, or of another version: merge again


def merge(settings: Settings, step: Step, key: str, inputs: Mapping[str, str], tree: Path) -> Stamp:
    """Merge an artifact, take away what an earlier version of the step left, and write the stamp.

    Raises RuckusError when another step has merged a file of the same name.
    """
    root = settings.root(step.stage)
    path = stamp_path(settings, step.name, key)
    stamp = Stamp(path, step.name, key, root, inputs, step.replaces, tuple(listing(tree)))
    existing = list(stamps(settings))
    owners = {
        name: other
        for other in existing
        if other.root == root and other.step != step.name and other.step not in step.replaces
        for name in other.files
        if not name.endswith("/")
    }
    hidden = set()
    for name in stamp.files:
        owner = owners.get(name)
        if owner and step.name not in owner.replaces:
            raise RuckusError(
                f"{step.name} and {owner.step} both install {name}",
                "let one of the recipes remove it, or declare that one replaces the other",
            )
        if owner:
            hidden.add(name)
    _copy(tree, root, hidden)
    for old in (other for other in existing if other.step == step.name and other.path != path):
        unmerge(old, keep=owners.keys() | set(stamp.files) if old.root == root else ())
    stamp.write()
    return stamp


def unmerge(stamp: Stamp, keep: Collection[str] = ()) -> None:
    """Remove a merged artifact's files, but those to keep, its stamp, and directories that are empty then."""
    for name in stamp.files:
        if name in keep or name.endswith("/"):
            continue
        path = stamp.root / name
        path.unlink(missing_ok=True)
        with suppress(OSError):  # not empty, or the root's own parent
            for parent in path.relative_to(stamp.root).parents[:-1]:
                (stamp.root / parent).rmdir()
    stamp.path.unlink(missing_ok=True)


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
            try:
                partial.rename(destination)
            except IsADirectoryError as error:
                partial.unlink()
                raise RuckusError(f"{destination}: is a directory, and the step installs a file there") from error
            copied[inode] = destination
