# SPDX-License-Identifier: GPL-3.0-or-later
"""`invoke collect-logs --follow`: what steps write into their logs while they do, each line with its step's name."""

import itertools
import sys
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ruckus_aux.host import plain
from ruckus_aux.reports.collect import build_directories
from ruckus_aux.reports.history import is_running
from ruckus_aux.steps.logs import OUTPUT
from ruckus_aux.words.errors import RuckusError
from ruckus_aux.words.terminal import ARCH_COLORS, in_color, printable

PAUSE = 0.5  # seconds between two looks
_AT_ONCE = 1 << 16  # bytes of a log that are shown before another has its turn; of a line, at most


@dataclass
class Tail:
    """A log that is followed: the step that writes it, and what of it was shown.

    arch: whose color its lines have. offset: of the first byte that was not read. rest: of a line without its end.
    """

    step: str
    arch: str
    path: Path
    inode: int
    offset: int = 0
    rest: bytes = b""
    in_output: bool = False

    def lines(self) -> Iterator[str]:
        """The lines that were written since the last look; of what comes before a script's output, none."""
        with plain.opened(self.path) as file:
            file.seek(self.offset)
            while text := file.read(_AT_ONCE):
                self.offset += len(text)
                text = self.rest + text
                if not self.in_output:
                    before, found, after = text.partition(OUTPUT.encode())
                    self.in_output, text = bool(found), after if found else before
                    if not found:
                        self.rest = text[-_AT_ONCE:]
                        continue
                *whole, self.rest = text.split(b"\n")
                if len(self.rest) > _AT_ONCE:
                    whole, self.rest = [*whole, self.rest], b""
                yield from (line.decode(errors="replace") for line in whole)


class Tails:
    """All logs of some build directories, from now on."""

    def __init__(self, folders: Iterable[tuple[str, Path]]) -> None:
        """Look at what is there: only what comes after it is shown.

        folders: of each build directory, its architecture and its folder of logs.
        """
        self.folders = list(folders)
        self.tails: dict[Path, Tail] = {}
        for tail in self._there():
            tail.offset, tail.in_output = tail.path.lstat().st_size, True
            self.tails[tail.path] = tail

    def _there(self) -> Iterator[Tail]:
        for arch, folder in self.folders:
            for path in sorted(folder.rglob("*.log")):
                with suppress(FileNotFoundError):  # set aside for the log of another attempt
                    inode = path.lstat().st_ino
                    step = str(path.relative_to(folder).with_suffix(""))
                    yield Tail(step, arch, path, inode)

    def lines(self) -> Iterator[tuple[Tail, str]]:
        """What was written since the last look, log by log."""
        for tail in self._there():
            known = self.tails.get(tail.path)
            if known is None or known.inode != tail.inode:
                self.tails[tail.path] = known = tail
            with suppress(OSError):
                yield from zip(itertools.repeat(known), known.lines())


def show_lines(tails: Tails, is_over: Callable[[], bool]) -> None:
    """Print lines until all is over, and what was written until then.

    Args:
        tails: The logs.
        is_over: Whether nobody writes to them any more.
    """
    archs = sorted({arch for arch, _ in tails.folders})
    color = dict(zip(archs, itertools.cycle(ARCH_COLORS)))
    terminal = sys.stdout.isatty()
    over = False
    while not over:
        over = is_over()  # before the look: what is written until the end is seen
        for tail, line in tails.lines():
            name = in_color(f"{tail.step}:", color[tail.arch]) if terminal else f"{tail.step}:"
            print(name, printable(line))
        sys.stdout.flush()
        if not over:
            time.sleep(PAUSE)


def follow_run(folder: Path, archs: Collection[str]) -> None:
    """Show what the steps of the run that goes on write, until it has ended, or until Ctrl-C.

    Args:
        folder: The folder of a build of several architectures.
        archs: The architectures that are wanted; none for all.

    Raises:
        RuckusError: No run goes on there.
    """
    if not is_running(folder):
        raise RuckusError(
            f"no build is running in {folder}: there is nothing to follow", "collect its logs without --follow"
        )
    directories = build_directories(folder, archs)
    tails = Tails((directory.arch, directory.folder / "log") for directory in directories)
    with suppress(KeyboardInterrupt):  # ends the following, and not the build
        show_lines(tails, lambda: not is_running(folder))
