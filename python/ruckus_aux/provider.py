"""What a provider of sources is, and what all of them share."""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from ruckus_aux.errors import RuckusError
from ruckus_aux.sources import Lock, Source, sha256_of

Progress = Callable[[str, int, int], None]  # source, bytes so far, bytes in all (0: not known)


class Unavailable(Exception):
    """This provider does not have the source; its text says why."""


class Provider(Protocol):
    """A place that sources come from."""

    def fetch(self, source: Source, partial: Path, progress: Progress) -> tuple[Lock, list[Path]]:
        """Download a source into the folder `partial`, continuing what is there.

        Returns the record to write and the finished files, in the record's order, with hashes that are right.
        Raises Unavailable, or RuckusError when what came is not what was asked for.
        """


def check_hash(path: Path, expected: str, origin: str) -> None:
    """Delete a file and raise RuckusError when its content is not what was expected."""
    got = sha256_of(path)
    if got != expected:
        path.unlink()
        raise RuckusError(
            f"{path.name} from {origin} is not what was expected:\n  expected {expected}\n  got      {got} (SHA-256)",
            "nothing of it was kept; if the new file is right, put its hash into packages/sources.toml",
        )
