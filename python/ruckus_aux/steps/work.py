# SPDX-License-Identifier: GPL-3.0-or-later
"""The working folder of a step, and what its script is shown: from an empty folder to its end."""

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from urllib.parse import quote

from ruckus_aux.artifacts.store import Store
from ruckus_aux.host.commands import run
from ruckus_aux.host.locks import held, try_held
from ruckus_aux.host.trees import remove
from ruckus_aux.recipes.environment import step_environment
from ruckus_aux.recipes.given import give_copy
from ruckus_aux.recipes.manifest import UNPACKING, verify_source
from ruckus_aux.recipes.plan import Step
from ruckus_aux.settings.settings import Settings
from ruckus_aux.steps.marks import MARKS, marked, pieces_begun, split_piece, title_of
from ruckus_aux.steps.workplace import Room, Workplace
from ruckus_aux.words.errors import RuckusError

SCRIPT = "script"  # in the working folder: the step's, with marks
_LOCAL = "local.tar"  # in its sources: the local folder
_READ = ("sources", "files", SCRIPT)  # what of a working folder a step only reads


@dataclass(frozen=True)
class Work:
    """A step's working folder, in a workplace; whoever changes it holds its lock.

    local: a folder in place of the source that the step unpacks or shares; then what comes of it is not the step's.
    """

    step: Step
    workplace: Workplace
    local: Path | None = None

    def __post_init__(self) -> None:
        if self.local and not self.local.is_dir():
            raise RuckusError(f"--source={self.local}: there is no such folder", "name that of an unpacked source")

    @property
    def settings(self) -> Settings:
        """Those of the build directory."""
        return self.step.settings

    @property
    def path(self) -> Path:
        """Where it is."""
        return self.settings.work(self.step.name)

    @property
    def inside(self) -> Path:
        """Where its script sees it."""
        return self.workplace.inside(self.path)

    @property
    def is_whole(self) -> bool:
        """Whether all is there that `prepare` puts there."""
        return all((self.path / name).exists() for name in _READ)

    def held(self) -> AbstractContextManager[int]:
        """Its lock, as a descriptor."""
        return held(self.settings.work_lock(self.step.name), self.step.name, self.settings.builddir)

    @property
    def shares_source(self) -> bool:
        """Whether its script uses a source that was unpacked for several steps."""
        return any(not need.installs for need in self.step.needs)

    @cached_property
    def pieces(self) -> tuple[str, ...]:
        """Those of its script; a local folder is unpacked as the source is, without Debian's patches to that."""
        if not self.local or self.shares_source:
            return self.step.pieces
        unpacking = next((piece for piece in self.step.pieces if piece.startswith(f"{UNPACKING}\n")), None)
        if unpacking is None:
            raise RuckusError(f"{self.step.name} unpacks no source", f"see: ruckus show {self.step.name}")
        local = f'{UNPACKING}\ntar --no-same-owner -xf "$SOURCES/{_LOCAL}" -C "$SRC"'
        return tuple(local if piece is unpacking else piece for piece in self.step.pieces)

    def prepare(self) -> None:
        """Make it anew, with the step's sources, files and script."""
        self.workplace.prepare(self.path, self._source())
        copied = self.local and not self.shares_source
        for source in self.step.sources[1 if copied else 0 :]:
            for path in verify_source(self.settings.sources, source):
                _link(path, self.path / "sources" / path.name)
        if self.local and copied:
            run(["tar", "-cf", self.path / "sources" / _LOCAL, "-C", self.local, "."])
        (self.path / MARKS).mkdir()
        self.workplace.give(self.path / MARKS)
        self.refresh()

    def refresh(self) -> None:
        """Let it have what the recipe says now: its files, and the script."""
        for path in self.step.files:
            give_copy(path, self.path / "files")
        whole = not split_piece(self.pieces)
        self.write(SCRIPT, self.marked(self.pieces) if whole else self.step.script)

    def check_pieces(self) -> None:
        """Raise RuckusError when its script can't be run in pieces."""
        if split := split_piece(self.pieces):
            raise RuckusError(
                f"{self.step.name}: a command of its script is split over calls of its recipe: {title_of(split)}",
                "such as a loop or a here-document: let it begin and end in one sh()",
            )

    def marked(self, pieces: Sequence[str], *, first: int = 1) -> str:
        """A script that can be resumed, see marks.marked."""
        return marked(pieces, self.inside / MARKS, first=first)

    def begun(self) -> list[int]:
        """The numbers of the pieces of its script that were begun, that of the last one last."""
        return pieces_begun(self.path / MARKS)

    def write(self, name: str, text: str) -> None:
        """Write a script; whatever another script may have put in its place is not followed."""
        path = self.path / name
        path.unlink(missing_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
        path.chmod(0o644)

    @contextmanager
    def room(
        self, *, fifo: Path | None = None, objects: Path | None = None, tools: tuple[str, ...] = ()
    ) -> Iterator[Room]:
        """What the script is shown, while it runs.

        Args:
            fifo: the jobserver's named pipe.
            objects: see `objects`.
            tools: of the host, besides those that the step declares.

        Raises:
            RuckusError: an artifact or a shared source that it needs is not there.
        """
        source = self._source()
        store, needs, programs = Store(self.settings.cache), self.step.needs, None
        with store.scratch("view") as view:
            if prefix := self.workplace.gathers_at:
                system, needs = needs[: self.step.implied], needs[self.step.implied :]
                shown = list(self._artifacts(system))
                # Headers and the C library, for the first final steps; and what final/adjusting installs.
                declared = [tree for tree in self._artifacts(needs) if Path(f"{tree}{prefix}").is_dir()]
                programs = store.kept_view(self.workplace.gather, shown, declared)
            self.workplace.show(view, self._artifacts(needs), (*self.step.tools, *tools), programs)
            yield Room(self.path, view, source, objects, fifo, programs)

    def objects(self) -> Path | None:
        """The folder of shared objects, for a step that shares them where that is possible.

        Each family has a folder of its own: its steps can write what they like into it, and none of another family
        takes it for an object.
        """
        if not (self.step.objects and self.settings.sharing):
            return None
        folder = self.settings.ccache / quote(self.step.objects, safe="")
        return folder if self.workplace.shares(folder) else None

    def environment(self, room: Room, **more: str) -> dict[str, str]:
        """The script's whole environment; more: such as the jobserver's MAKEFLAGS."""
        return self.workplace.environment(room, step_environment(self.settings, self.step.stage, self.inside, more))

    def remove(self) -> None:
        """Remove it, with its lock."""
        remove(self.path)
        self.settings.work_lock(self.step.name).unlink()

    def sweep(self) -> None:
        """Remove what a failed or killed attempt has left; not while somebody looks at it."""
        if os.path.lexists(self.path):
            with try_held(self.settings.work_lock(self.step.name)) as free:
                if free is not None:
                    self.remove()

    def _artifacts(self, needs: Iterable[Step]) -> Iterator[Path]:
        return (needed_tree(self.step, need) for need in needs if need.installs)

    def _source(self) -> Path | None:
        """The unpacked source that the step shares with others; None when it unpacks its own."""
        if self.local and self.shares_source:
            return self.local
        return next((needed_tree(self.step, need) for need in self.step.shared_source), None)


def needed_tree(step: Step, need: Step) -> Path:
    """What the store has of a step that another needs: an artifact, or a source; RuckusError when it has nothing."""
    store = Store(step.settings.cache)
    if need.key not in store:
        how, name = ("built", need.name) if need.installs else ("unpacked", step.name)
        raise RuckusError(f"{step.name} needs {need.name}, which is not {how}", f"run: make {name}")
    return store.tree(need.key)


def _link(path: Path, target: Path) -> None:
    """Show a step a file without copying it, where that is possible and everybody may read it."""
    if path.stat().st_mode & 0o444 == 0o444:
        with suppress(OSError):
            os.link(path, target)
            return
    give_copy(path, target.parent)
