# SPDX-License-Identifier: GPL-3.0-or-later
"""Fetch the logs of steps that are still in a machine: over ssh while it runs, or from its disk, which is only read.

Both ways show the same files under the same inode numbers, so what one has fetched the other need not. A machine is
not trusted: only what is called as a log of a step is fetched, no link is followed, and everything has a limit.
"""

import math
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO, NamedTuple, Protocol, cast

from ruckus_aux.host.hosts import Host
from ruckus_aux.host.trees import remove
from ruckus_aux.words.errors import RuckusError
from ruckus_aux.words.hints import invoke_command
from ruckus_aux.words.paths import DISK_ID, NATIVE
from ruckus_aux.words.step_name import StepName
from ruckus_aux.words.terminal import printable, readable_size

LOGS = f"/{NATIVE}/log"  # in a machine
_FETCHED = "fetched"  # in a builder's folder
_SILENCE = 60.0  # seconds without a byte
_PATIENCE = 900.0  # seconds for all logs of a machine
_LISTING = 1 << 20  # bytes
LARGEST = 256 << 20  # bytes of a log
_MOST = 1 << 30  # bytes of all logs that are fetched at a time
_USUAL = re.compile(r"^debugfs \d|File not found by ext2_lookup")  # debugfs's name, and that there are no logs yet
_LINE = re.compile(rb"([0-9]{1,10}) ([0-9]{1,15}) ([A-Za-z0-9._+-]{1,250})")


class LogPlace(Protocol):
    """Where a machine's logs can be read.

    how: for people. host: runs the commands below.
    """

    @property
    def how(self) -> str: ...  # noqa: D102 - see above

    @property
    def host(self) -> Host: ...  # noqa: D102

    def listing(self) -> Sequence[str]:
        """The words that print a line for each log: the number of its inode, its size, its name."""

    def content(self, log: "Listed", offset: int) -> Sequence[str]:
        """The words that print a log.

        Args:
            log: Which.
            offset: How many bytes of it are not wanted.
        """


class Listed(NamedTuple):
    """A log in a machine.

    inode: its number. size: bytes. step: whose log it is. attempt: 0 for the latest; the others count from 1.
    """

    inode: int
    size: int
    step: StepName
    attempt: int

    @property
    def name(self) -> str:
        """Of the file."""
        return f"{self.step.dotted}.log{f'.{self.attempt}' if self.attempt else ''}"


@dataclass(frozen=True)
class LogFolder:
    """A folder of a system that runs, or that is mounted."""

    how: str
    host: Host
    folder: str = LOGS

    def listing(self) -> Sequence[str]:  # noqa: D102 - as LogPlace says; so for the others
        script = """cd "$1" 2>/dev/null || exit 0
        for log in *.log *.log.*; do [ -L "$log" ] || [ ! -f "$log" ] || stat -c '%i %s %n' "$log"; done"""
        return ["sh", "-c", script, "sh", self.folder]

    def content(self, log: Listed, offset: int) -> Sequence[str]:  # noqa: D102
        return ["tail", "-c", f"+{offset + 1}", f"{self.folder}/{log.name}"]


def folder_below(root: Path) -> str:
    """The folder of logs in a system that is mounted; RuckusError when a link in it leads elsewhere."""
    folder = root.resolve() / LOGS[1:]
    if folder.resolve() != folder:
        raise RuckusError(f"{folder} is no plain folder", "something in the machine has put a link there")
    return str(folder)


@dataclass(frozen=True)
class FetchedLogs:
    """What was brought: logs with the files that have them now, the oldest of a step first; what was not, and why.

    how: they were read, for people.
    """

    how: str
    logs: list[tuple[Listed, Path]]
    problems: list[str]


class _Limited:
    """A file that takes so many bytes, and only for some time, whatever the other end has to say."""

    def __init__(self, file: BinaryIO, most: int, until: float) -> None:
        self._file, self._most, self._until = file, most, until

    def write(self, data: bytes) -> int:
        self._most -= len(data)
        if self._most < 0 or time.monotonic() > self._until:
            hint = f"log in and see: {invoke_command('builder-shell')}"
            raise RuckusError("it sends more than there is, or takes too long", hint)
        return self._file.write(data)

    def fileno(self) -> int:
        return self._file.fileno()


def fetch_logs(place: LogPlace, arch: str, folder: Path) -> FetchedLogs:
    """Bring what is new of a machine's logs.

    Args:
        place: Where they are.
        arch: The machine's architecture.
        folder: Where they go; what is there is taken for the beginning of what is in the machine.

    Raises:
        RuckusError: They can't be read.
    """
    folder.mkdir(parents=True, exist_ok=True)
    until, room = time.monotonic() + _PATIENCE, _MOST
    fetched, problems = [], []
    for log in _listed(place, arch, until):
        path = folder / str(log.inode)
        have = path.stat().st_size if path.exists() else 0
        wanted = min(log.size, LARGEST) - have
        if log.size > LARGEST or wanted > room:
            problems.append(f"{log.step}: its log has {readable_size(log.size)}; only its beginning is brought home")
        if (wanted := min(wanted, room)) > 0:
            with path.open("ab") as file:
                _run(place, place.content(log, have), file, wanted, until)
            room -= wanted
        if path.exists():
            fetched.append((log, path))
    return FetchedLogs(place.how, fetched, problems)


def _listed(place: LogPlace, arch: str, until: float) -> list[Listed]:
    """All logs of steps that are there, the oldest of a step first."""
    name = re.compile(rf"{re.escape(arch)}\.([a-z0-9]+)\.(.+?)\.log(?:\.([0-9]{{1,6}}))?")
    with TemporaryFile() as listing:
        _run(place, place.listing(), listing, _LISTING, until)
        listing.seek(0)
        lines = [match.groups() for match in map(_LINE.fullmatch, listing.read().split(b"\n")) if match]
    found = []
    for inode, size, file in lines:
        if match := name.fullmatch(file.decode()):
            step = StepName(f"{arch}/{match[1]}/{match[2]}")
            found.append(Listed(int(inode), int(size), step, int(match[3] or 0)))
    return sorted(found, key=lambda log: (log.step, log.attempt or math.inf))


def _run(place: LogPlace, words: Sequence[str], target: BinaryIO, most: int, until: float) -> None:
    """Let a command write into a file, no more than so many bytes."""
    # Whoever can't be trusted is behind this: what is written through the pipe is counted here as well.
    limited = ["sh", "-c", f'"$@" | head -c {most}', "sh", *words]
    status, text = place.host.pipe(limited, target=cast(BinaryIO, _Limited(target, most, until)), limit=_SILENCE)
    complaints = [line for line in text.splitlines() if line.strip() and not _USUAL.search(line)]
    if status != 0 or complaints:
        raise RuckusError(
            f"its logs can't be read {place.how}: {printable(' '.join(complaints)[-500:])}",
            f"see whether it is well: {invoke_command('builder-status')}",
        )


def fetched_folder(builder: Path) -> Path:
    """Where the logs of a builder's present disk are fetched to; those of an earlier disk are removed."""
    number = builder / DISK_ID
    folder = builder / _FETCHED / (number.read_text()[:32] if number.exists() else "none")
    for other in folder.parent.iterdir() if folder.parent.exists() else ():
        if other != folder:
            remove(other)
    return folder
