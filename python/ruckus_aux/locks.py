"""Locks between processes: held as long as a file descriptor is open, and gone with the process, however it ends."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def held(path: Path) -> Iterator[int]:
    """Hold the lock that a file stands for, after waiting for who holds it now (flock(2)).

    Yields its descriptor: a child that inherits it keeps the lock when we are killed.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield file.fileno()


@contextmanager
def try_held(path: Path) -> Iterator[int | None]:
    """Hold a lock if nobody else does; yields its descriptor as `held` does, or None."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield None
        else:
            yield file.fileno()
