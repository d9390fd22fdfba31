# SPDX-License-Identifier: GPL-3.0-or-later
"""Operations of several steps that leave nothing behind when one of them fails."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from ruckus_aux.host.signals import held_back
from ruckus_aux.words.errors import RuckusError

Operation = Callable[[Callable[[], object], str, Callable[[], object]], None]


@contextmanager
def undoing() -> Iterator[Operation]:
    """Undo what was done, the last first, when the rest fails; what can't be undone is named.

    Yields a function that does a step. Its arguments: a call that does it, how a person would undo it, and a call that
    undoes it. Ctrl-C waits until the step is done, and until it is undone.
    Raises what failed; a RuckusError, even after Ctrl-C, when something is left, which it names.
    """
    left: list[str] = []
    with ExitStack() as stack:

        def step(do: Callable[[], object], how: str, take_back: Callable[[], object]) -> None:
            with held_back():
                do()
                stack.callback(_attempt, how, take_back, left)

        try:
            yield step
        except BaseException as error:
            with held_back():
                stack.close()
            if left:
                message, hint = (error.message, error.hint) if isinstance(error, RuckusError) else (_said(error), "")
                raise RuckusError(message, "\n".join([hint, "this is left; undo it with:", *left])) from error
            raise
        stack.pop_all()


def _said(error: BaseException) -> str:
    return "interrupted" if isinstance(error, KeyboardInterrupt) else f"{type(error).__name__}: {error}"


def _attempt(how: str, call: Callable[[], object], left: list[str]) -> None:
    try:
        call()
    except (RuckusError, OSError) as error:
        left.append(f"{how}   ({error})")
