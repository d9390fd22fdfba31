"""What a provider of sources is, and what all of them share."""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from ruckus_aux.sources import Lock, Source, sha256_of

Progress = Callable[[str, int, int], None]  # source, bytes so far, bytes in all (0: not known)


class Unavailable(Exception):
    """This provider does not have the source; its text says why."""


class WrongFile(Exception):
    """A provider gave something else than was asked for; the text names file, expected and actual hash."""


class Provider(Protocol):
    """A place that sources come from."""

    def fetch(self, source: Source, partial: Path, progress: Progress) -> tuple[Lock, list[Path]]:
        """Download a source into the folder `partial`, continuing what is there.

        Returns the record to write and the finished files, in the record's order, with hashes that are right.
        Raises Unavailable, or WrongFile when what came is not what was asked for.
        """


def check_hash(path: Path, expected: str, origin: str) -> None:
    """Delete a file and raise WrongFile when its content is not what was expected."""
    got = sha256_of(path)
    if got != expected:
        path.unlink()
        text = f"{path.name} from {origin} is not what the manifest pins (SHA-256):"
        raise WrongFile(f"{text}\n  expected {expected}\n  got      {got}; nothing of it was kept")
