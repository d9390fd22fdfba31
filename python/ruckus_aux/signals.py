"""Signals that end us: they wait while something is done that must not be left half done."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_waiting: list[int] | None = None  # signals that have come meanwhile; None: they are not held back


def heed() -> None:
    """Let SIGTERM and SIGHUP stop us as Ctrl-C does: with all that we have started."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) != signal.SIG_IGN:  # as nohup does it
            signal.signal(number, _interrupt)


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


@contextmanager
def held_back() -> Iterator[None]:
    """Let signals that end us wait; raises KeyboardInterrupt at the end of the outermost, when one has come."""
    global _waiting
    if _waiting is not None:
        yield
        return
    came: list[int] = []
    _waiting = came
    handlers = {number: signal.getsignal(number) for number in _ENDING}
    for number, handler in handlers.items():
        if handler != signal.SIG_IGN:
            signal.signal(number, _wait)
    try:
        yield
    finally:
        _waiting = None
        for number, handler in handlers.items():
            signal.signal(number, handler)
        if came:
            raise KeyboardInterrupt


def _wait(number: int, *_: object) -> None:
    if _waiting is not None:
        _waiting.append(number)
