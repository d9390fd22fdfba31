# SPDX-License-Identifier: GPL-3.0-or-later
"""Signals that end us: as exceptions, and not in the middle of what must not be left half done."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

_waiting: list[int] | None = None  # signals that came while they were held back; None: they are not


def heed() -> None:
    """Let SIGTERM and SIGHUP stop us as Ctrl-C does: by a KeyboardInterrupt, with all that we have started."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) != signal.SIG_IGN:  # as nohup does it
            signal.signal(number, _come)


def _come(number: int, *_: object) -> None:
    if _waiting is None:
        raise KeyboardInterrupt
    _waiting.append(number)


@contextmanager
def held_back() -> Iterator[None]:
    """Let them wait; raises KeyboardInterrupt at the end of the outermost of these, when one has come."""
    global _waiting
    if _waiting is not None:
        yield
        return
    came: list[int] = []
    _waiting = came
    try:
        yield
    finally:
        _waiting = None
        if came:
            raise KeyboardInterrupt


@contextmanager
def let_through() -> Iterator[None]:
    """Within `held_back`, let them come all the same: for what takes long, and leaves nothing when it is stopped."""
    global _waiting
    held, _waiting = _waiting, None
    try:
        if held:
            raise KeyboardInterrupt
        yield
    finally:
        _waiting = held
