# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a step's script runs: the one interface of all such places, whose kinds the runner does not know."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, NamedTuple


class HostCommand(NamedTuple):
    """A command of this machine; it must inherit the descriptors."""

    words: list[str]
    descriptors: tuple[int, ...] = ()


OBJECTS_LOG = "ccache.log"  # in the working folder: a line for each object that was found, or not


@dataclass(frozen=True)
class Room:
    """What one script is shown, as paths of this machine.

    work: its working folder, which `prepare` has made.
    view: a folder that `show` has filled.
    source: its shared source, when it does not unpack its own.
    objects: the folder of its family's objects, when `shares` allows it.
    fifo: the jobserver's named pipe, when it has one.
    programs: what `gather` has made, where the place gathers.
    """

    work: Path
    view: Path
    source: Path | None = None
    objects: Path | None = None
    fifo: Path | None = None
    programs: Path | None = None


@dataclass(frozen=True)
class Workplace(ABC):
    """A place where scripts of steps run, for the prefixes of one build directory.

    Shown to the script: its working folder, which it may fill; the artifacts of the steps that it needs, at the
    prefixes; its source as $SRC. How far it sees the host beyond that, and as which user it runs, is the kind's affair.

    What comes back: what the script says, as the command's output, and its exit status; in the working folder, $OUT or
    $SRC as the script left them. The command lasts as long as the script, wherever that runs; whoever ends the command,
    however rudely, ends the script.

    May fail softly: sharing objects, which only makes the script slower. Must be whole: all else that is shown; what
    can't be is a RuckusError, or a command that fails without having begun the script. Nothing in between may look
    like a script's success.
    """

    prefixes: tuple[str, ...]

    title: ClassVar[str]  # as configure says it
    links: ClassVar[bool]  # whether scripts find the prefixes through symbolic links of the host

    @classmethod
    @abstractmethod
    def notes(cls, *, sharing: bool) -> list[str]:
        """What whoever configures should know of such a place; sharing: whether objects are to be shared."""

    @abstractmethod
    def inside(self, work: Path) -> Path:
        """A working folder as its script sees it."""

    @abstractmethod
    def prepare(self, work: Path, source: Path | None = None) -> None:
        """Make a working folder in place of what is there, with all folders that `Room` and a script expect.

        Args:
            work: where.
            source: the shared source, which no script may change.
        """

    @abstractmethod
    def give(self, *things: Path | int) -> None:
        """Let scripts write to paths, which none could have changed yet, or to what descriptors stand for."""

    @abstractmethod
    def shares(self, objects: Path) -> bool:
        """Make a folder of compiled objects that scripts share, and outlives them; False where they can't have one."""

    @abstractmethod
    def show(self, view: Path, artifacts: Iterable[Path], tools: Collection[str], programs: Path | None = None) -> None:
        """Fill a new folder with what a script sees at the prefixes, and of the host's headers.

        Args:
            view: the folder.
            artifacts: trees in the store; only a place that shows them from there asks for them.
            tools: tools of the host that the step declares.
            programs: what `gather` has made, where the place gathers.
        """

    @property
    def gathers_at(self) -> str:
        """The prefix at which it shows what `gather` has made; "" where steps see all that they need in one view.

        There, what a step declares that has files at this prefix is gathered, too.
        """
        return ""

    def gather(self, programs: Path, system: Iterable[Path], declared: Iterable[Path] = ()) -> None:  # noqa: B027
        """Fill a new folder with the programs that build another system, and what they need to run.

        It is called only where `gathers_at` names a prefix.

        Args:
            programs: the folder, which all steps of that system can be shown.
            system: trees of the system that they are of.
            declared: those with files at the prefix that a step declares, of which it sees everything.
        """

    @abstractmethod
    def environment(self, room: Room, environment: Mapping[str, str]) -> dict[str, str]:
        """A step's environment (recipes.environment) as the script gets it: with what is in no key, such as ccache's.

        Args:
            room: What the script is shown.
            environment: As its key has it.
        """

    @abstractmethod
    def command(self, room: Room, program: Sequence[str], *, terminal: bool = False) -> HostCommand:
        """The command that runs a program there.

        Args:
            room: what it is shown.
            program: its words, with paths as they are inside.
            terminal: keep the terminal, for a shell that a person types into.
        """

    @abstractmethod
    def elsewhere(self, tools: Collection[str]) -> "Workplace":
        """The same place as it may be on another machine: whatever a step may not depend on is different.

        Args:
            tools: of the host, which the step declares.

        Raises:
            RuckusError: scripts see what differs, and may depend on it.
        """
