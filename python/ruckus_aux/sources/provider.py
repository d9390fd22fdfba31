# SPDX-License-Identifier: GPL-3.0-or-later
"""What a provider of sources is, and what all of them share."""

import re
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from ruckus_aux.recipes.manifest import Fetched, Source, sha256_of
from ruckus_aux.words.errors import RuckusError

Progress = Callable[[str, int, int], None]  # source, bytes so far, bytes in all (0: not known)
_WEB_PAGE = re.compile(rb"\s*<(!doctype\s+html|html)", re.IGNORECASE)


class Unavailable(Exception):
    """This provider does not have the source; `reasons` say why, one for each place that was asked."""

    def __init__(self, *reasons: str) -> None:
        # Servers have a say in them: no escape codes for the terminal.
        self.reasons = tuple("".join(c if c.isprintable() or c == "\n" else "?" for c in text) for text in reasons)
        super().__init__("\n".join(self.reasons))


class WrongFile(Unavailable):
    """Something else came than was asked for; the text names file, expected and actual hash."""


class CalledOff(Exception):
    """Nobody waits for the source any more."""


def _unseen(_name: str, _done: int, _total: int) -> None:
    pass


def _to_stderr(text: str) -> None:
    print(f"ruckus: {text}", file=sys.stderr)


class Watcher:
    """Who looks on while sources come: sees how far they are, is told what happens, and may call it off."""

    def __init__(self, progress: Progress = _unseen, say: Callable[[str], None] = _to_stderr) -> None:
        self.progress = progress
        self.say = say
        self._off = threading.Event()

    def call_off(self) -> None:
        """Let everything end that asks `check` or waits in `pause`."""
        self._off.set()

    def check(self) -> None:
        """Go on, or raise CalledOff."""
        self.pause(0)

    def pause(self, seconds: float) -> None:
        """Wait, or raise CalledOff as soon as that is so."""
        if self._off.wait(seconds):
            raise CalledOff


class Provider(Protocol):
    """A place that sources come from."""

    def fetch(self, source: Source, partial: Path, watcher: Watcher) -> tuple[Fetched, list[Path]]:
        """Download a source, continuing what is there.

        Args:
            source: An entry of the manifest.
            partial: The folder for what is not complete.
            watcher: Who sees it, and may call it off.

        Returns:
            The record to write and the finished files, in the record's order, with hashes that are right.

        Raises:
            Unavailable: It is not to be had here.
            CalledOff: The watcher said so.
            RuckusError: It could not be written.
        """


def check_hash(path: Path, expected: str, origin: str, watcher: Watcher) -> None:
    """Look whether a file is what was asked for; one that is not is deleted, and said to the watcher.

    Args:
        path: The file.
        expected: Its SHA-256, in hexadecimal.
        origin: Where it came from, for the message.
        watcher: Who is told.

    Raises:
        WrongFile: It is something else.
    """
    got = sha256_of(path)
    if got == expected:
        return
    with path.open("rb") as file:
        page = " (a web page)" if _WEB_PAGE.match(file.read(1000)) else ""
    path.unlink()
    text = f"{path.name} from {origin} is not what the manifest pins (SHA-256):"
    text = f"{text}\n  expected {expected}\n  got      {got}{page}; nothing of it was kept"
    watcher.say(f"warning: {text}")
    raise WrongFile(text)


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Name the file in what goes wrong with writing it: a full disk ends a download wherever it comes from."""
    try:
        yield
    except OSError as error:
        raise RuckusError(
            f"{path}: {error.strerror or error}", "what is there is kept: the same command continues"
        ) from error


def without_password(text: str) -> str:
    """A text with addresses as it may be shown and recorded: without the user and password that they may have."""
    return re.sub(r"(?<=//)[^/\s]*@", "", text)
