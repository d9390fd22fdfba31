# SPDX-License-Identifier: GPL-3.0-or-later
"""Turn termination signals into KeyboardInterrupt, and defer them while an operation must not be interrupted."""

import errno
import signal
import termios
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

INTERRUPTED = 130  # the exit status of what was stopped by one of them
_OF_TERMINALS = (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP)
_waiting: list[int] | None = None  # signals that came while they were held back; None: they are not


def heed() -> None:
    """Let SIGTERM and SIGHUP stop us as Ctrl-C does: by a KeyboardInterrupt, with everything that we started."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) != signal.SIG_IGN:  # as nohup does it
            signal.signal(number, _come)


@contextmanager
def restored() -> Iterator[None]:
    """What is started within ignores no signal, though we may: nohup, and a shell's & have it so.

    What ignores one can't be told otherwise by a shell, and test suites look at that.
    """
    ignored = [number for number in _OF_TERMINALS if signal.getsignal(number) == signal.SIG_IGN]
    for number in ignored:
        signal.signal(number, lambda *_: None)  # as if ignored, but for what is started
    try:
        yield
    finally:
        for number in ignored:
            signal.signal(number, signal.SIG_IGN)


def _come(number: int, *_: object) -> None:
    if _waiting is None:
        raise KeyboardInterrupt
    _waiting.append(number)


@contextmanager
def held_back() -> Iterator[None]:
    """Defer signals; raises KeyboardInterrupt at the end of the outermost of these if one has arrived."""
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
    """Within `held_back`, don't defer them: for what takes long, and leaves nothing when it is stopped."""
    global _waiting
    held, _waiting = _waiting, None
    try:
        if held:
            raise KeyboardInterrupt
        yield
    finally:
        _waiting = held


def hung_up(error: BaseException, streams: Sequence[int] = (1, 2)) -> bool:
    """Whether an error comes from writing to a terminal that was closed: it arrives with SIGHUP, or before.

    Args:
        error: What was raised.
        streams: Descriptors that may belong to a terminal.
    """
    if not isinstance(error, OSError) or error.errno != errno.EIO or error.filename is not None:
        return False
    return any(_is_gone(number) for number in streams)


def _is_gone(number: int) -> bool:
    try:
        termios.tcgetattr(number)
    except termios.error as error:
        return bool(error.args[0] == errno.EIO)  # what never was a terminal says something else
    return False
