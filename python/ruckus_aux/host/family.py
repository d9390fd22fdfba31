# SPDX-License-Identifier: GPL-3.0-or-later
"""All processes that a command has started, including those that have left it: daemons, children of killed processes.

In a sandbox, they end with it. Without one, they would continue to run, with its locks, its job slots and its end of a
pipe. So we adopt every process that loses its parent, and find all of them below us.
"""

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psutil

_SET_CHILD_SUBREAPER, _GET_CHILD_SUBREAPER = 36, 37  # see prctl(2)
_ROUNDS = 20  # how often we look for what was started while we were killing


class Family:
    """The processes that this process has started since some moment, and their descendants."""

    def __init__(self) -> None:
        self._before = set(_descendants())

    def members(self, leader: int = 0) -> list[psutil.Process]:
        """Those that exist now, except for their leader."""
        return [one for one in _descendants() if one not in self._before and one.pid != leader]

    def terminate(self, leader: int) -> None:
        """Ask all except the leader to end, so that a make gives its job slots back."""
        for one in self.members(leader):
            with suppress(psutil.Error):
                one.terminate()

    def kill(self, leader: int = 0) -> None:
        """End all except the leader, at once, including those that they start meanwhile."""
        for _ in range(_ROUNDS):
            members = self.members(leader)
            if not members:
                return
            for one in members:
                with suppress(psutil.Error):
                    one.kill()
            psutil.wait_procs(members, timeout=1.0)


def _descendants() -> list[psutil.Process]:
    return psutil.Process().children(recursive=True)


@contextmanager
def family() -> Iterator[Family]:
    """Adopt, for the duration, every process below us that loses its parent."""
    libc = ctypes.CDLL(None)
    was = ctypes.c_int()
    libc.prctl(_GET_CHILD_SUBREAPER, ctypes.byref(was), 0, 0, 0)
    libc.prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    try:
        yield Family()
    finally:
        libc.prctl(_SET_CHILD_SUBREAPER, was.value, 0, 0, 0)
