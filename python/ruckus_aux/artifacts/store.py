# SPDX-License-Identifier: GPL-3.0-or-later
"""The store: the file tree that each step installed, under the step's key, and beside it a record with its hash.

An artifact is complete or not there. It is put together in the store's folder of unfinished things and renamed to
where it belongs after its record and its files were written out. Nothing in the store is changed afterwards, and
whether that is so can be verified.
"""

import hashlib
import json
import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from ruckus_aux.artifacts.intake import check_whole, take_tree, tree_hash
from ruckus_aux.host.commands import run
from ruckus_aux.host.locks import held, holder, is_free, try_held
from ruckus_aux.host.trees import remove
from ruckus_aux.host.writing import write_whole
from ruckus_aux.words.errors import RuckusError, afterwards
from ruckus_aux.words.records import read_record

_UNSWEPT = "scratch"  # a lock beside those of keys
_VIEWS = "views"


@dataclass(frozen=True)
class StoredArtifact:
    """What was stored.

    step: who made it first; other steps may have the same key.
    sha256: of the tree, see intake.tree_hash.
    """

    step: str
    sha256: str


class Store:
    """The artifacts of a cache folder, shared by every build directory that uses the cache."""

    def __init__(self, cache: Path) -> None:
        self.folder = cache / "store"

    def tree(self, key: str) -> Path:
        """Where the artifact of this key is, or would be."""
        return self.folder / key

    def __contains__(self, key: str) -> bool:
        return self.tree(key).is_dir()

    def keys(self) -> list[str]:
        """The keys of all artifacts."""
        with suppress(FileNotFoundError):
            return sorted(name for name in os.listdir(self.folder) if re.fullmatch("[0-9a-f]{32}", name))
        return []

    def record(self, key: str) -> StoredArtifact | None:
        """What was written down about an artifact; None when that can't be read, or an earlier version stored it."""
        try:
            return read_record(StoredArtifact, self._record_file(key).read_bytes())
        except (OSError, ValueError):
            return None

    def _record_file(self, key: str) -> Path:
        return self.folder / "records" / f"{key}.json"

    def add(self, key: str, tree: Path, step: str, *, inside: Path, ended: int, as_it_is: bool = False) -> None:
        """Move a finished file tree into the store.

        Args:
            key: what it is stored under; nothing is there yet.
            tree: what the step has left.
            step: its name.
            inside: the working folder as its script saw it.
            ended: when the script had ended, see intake.take.
            as_it_is: with all its files; else those that must not be installed stay behind.

        Raises:
            RuckusError: when it holds what can't be installed, see intake.take, or somebody removes it meanwhile.
        """
        with self.scratch(key) as staged:
            folders = take_tree(tree, staged, step, inside=inside, ended=ended, as_it_is=as_it_is)
            self._write_out(key, staged, StoredArtifact(step, tree_hash(staged)))
            check_whole(tree, step, folders)  # late: who removes it has done more by now
            staged.rename(self.tree(key))

    def add_copy(self, key: str, original: str, step: str) -> bool:
        """Store an artifact under another key, too, as hard links.

        Args:
            key: the other key; nothing is there yet.
            original: the artifact's own.
            step: the step that has the other key.

        Returns:
            Whether that was possible: the artifact may be gone, or be what was stored no longer.
        """
        record = self.record(original)
        if record is None:
            return False
        with self.scratch(key) as staged:
            status, _ = run(["cp", "--archive", "--link", self.tree(original), staged], check=False)
            if status or tree_hash(staged) != record.sha256:
                return False
            self._write_out(key, staged, StoredArtifact(step, record.sha256))
            staged.rename(self.tree(key))
        return True

    def _write_out(self, key: str, staged: Path, record: StoredArtifact) -> None:
        """Let the disk have an artifact, which is not in its place yet, and its record."""
        file = self._record_file(key)
        file.parent.mkdir(exist_ok=True)
        write_whole(file, json.dumps(asdict(record)))
        run(["sync", "-f", staged])

    def fault(self, key: str) -> str:
        """What is wrong with an artifact that is in the store; "" when it is what was stored."""
        record = self.record(key)
        if record is None:
            return "it was stored without a hash"
        return "" if tree_hash(self.tree(key)) == record.sha256 else "it is not what was stored"

    def discard(self, key: str) -> None:
        """Remove an artifact, which is made again when it is wanted; who claims its key may."""
        with self.scratch(key) as path:
            self.tree(key).rename(path)

    def kept_view(self, fill: Callable[..., None], *groups: Sequence[Path]) -> Path:
        """What is made of artifacts once for many steps, as hard links; it stays until the next `gc`.

        Args:
            fill: Makes it, in a folder that it has to make: called with that and the groups.
            groups: Of the artifacts. One that is made again, because it was damaged, makes another view.
        """
        parts = "\n".join("".join(f"{tree.name} {tree.stat().st_ino}\n" for tree in group) for group in groups)
        path = self.folder / _VIEWS / hashlib.sha256(parts.encode()).hexdigest()[:32]
        if not path.is_dir():
            path.parent.mkdir(exist_ok=True)
            with self.scratch("view") as made:
                fill(made, *groups)
                try:
                    made.rename(path)
                except OSError:
                    if not path.is_dir():  # nor has another step made it meanwhile
                        raise
        return path

    def drop_views(self) -> None:
        """Remove kept views, unless a build has begun to use the store."""
        with self.scratch("views") as path, suppress(RuckusError, FileNotFoundError), self.unswept():
            self.check_at_rest(path)
            (self.folder / _VIEWS).rename(path)

    def mark_used(self, keys: Iterable[str]) -> None:
        """Let these artifacts count as used now, those of them that are there."""
        for key in keys:
            with suppress(OSError):  # not there, or a store that can only be read
                os.utime(self._record_file(key))

    def last_used(self, key: str) -> float:
        """When an artifact was used last, or stored, in seconds since 1970: the time of its record."""
        with suppress(OSError):
            return self._record_file(key).stat().st_mtime
        return self.tree(key).stat().st_ctime  # an earlier version stored it; its other times are those of its files

    def retire(self, key: str, is_unused: Callable[[], bool]) -> bool:
        """Remove an artifact with its record; returns whether it was there, and unused.

        Args:
            key: the artifact's.
            is_unused: asked while no build can begin to use the store.

        Raises:
            RuckusError: while a build uses the store.
        """
        claim = self._locks() / key
        with self.scratch(key) as path:
            with self.unswept(), try_held(claim) as free:
                self.check_at_rest(path, claim)
                unused = free is not None and key in self and is_unused()
                if unused:
                    self.tree(key).rename(path)
                    self._record_file(key).unlink(missing_ok=True)
                    claim.unlink()
            remove(path)
        return unused

    def check_at_rest(self, *ours: Path) -> None:
        """Make sure that nobody makes an artifact, or has a view of some; who asks holds `unswept`, so none begins.

        ours: scratch paths and locks of who asks.

        Raises:
            RuckusError: it names who does.
        """
        for lock in [*self._locks().iterdir(), *(self.folder / "tmp").glob("*.lock")]:
            if lock.name == _UNSWEPT or lock in ours or lock.with_suffix("") in ours:
                continue
            if not is_free(lock):
                with lock.open() as file:
                    raise RuckusError(f"{self.folder} is in use: {holder(file)}", "wait for its end, or stop it")

    @contextmanager
    def scratch(self, name: str) -> Iterator[Path]:
        """A free path on the store's file system for what is not finished; what is there at the end is removed."""
        path = self.folder / "tmp" / f"{name}.{os.urandom(8).hex()}"
        lock = Path(f"{path}.lock")
        with ExitStack() as stack:
            with self.unswept():
                stack.enter_context(held(lock))
            stack.enter_context(afterwards(lambda: lock.unlink(missing_ok=True)))
            stack.enter_context(afterwards(lambda: remove(path)))
            yield path

    def sweep(self) -> None:
        """Remove what processes that were killed have left in scratch paths."""
        with self.unswept():
            for name in {path.name.removesuffix(".lock") for path in (self.folder / "tmp").glob("*")}:
                lock = self.folder / "tmp" / f"{name}.lock"
                with try_held(lock) as descriptor:
                    if descriptor is not None:
                        remove(self.folder / "tmp" / name)
                        lock.unlink(missing_ok=True)

    def leftovers(self) -> list[Path]:
        """What killed processes have left in scratch paths; it changes nothing."""
        paths = [path for path in (self.folder / "tmp").glob("*") if path.suffix != ".lock"]
        return [path for path in paths if is_free(Path(f"{path}.lock"))]

    def sweep_names(self) -> None:
        """Remove records and locks of artifacts that are not there, unless somebody makes them now."""
        records = {path.stem for path in (self.folder / "records").glob("*.json")}
        for key in {*records, *(path.name for path in self._locks().iterdir())} - {_UNSWEPT}:
            with try_held(self._locks() / key) as free:
                if free is not None and key not in self:
                    self._record_file(key).unlink(missing_ok=True)
                    (self._locks() / key).unlink()

    def unswept(self) -> AbstractContextManager[int]:
        """Held while a scratch path is made and not locked yet, and by who removes something that others may use."""
        return held(self._locks() / _UNSWEPT)

    def _locks(self) -> Path:
        """The folder of locks, in a store that nobody else may enter: a system's /tmp in it is everybody's."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if stat.S_IMODE(self.folder.stat().st_mode) != 0o700:
            self.folder.chmod(0o700)
        return self.folder / "locks"

    def claim(self, key: str, step: str = "", folder: Path | None = None) -> AbstractContextManager[int]:
        """Hold a key while its artifact is made; another build that wants the same one waits, and then finds it.

        Args:
            key: the key.
            step: for what step, folder: of what build directory; who waits says so (see locks.held).
        """
        return held(self._locks() / key, step, folder)
