"""Operations of several steps, of which none is left when one fails."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from ruckus_aux.errors import RuckusError

Undo = Callable[[str, Callable[[], object]], None]


@contextmanager
def undoing() -> Iterator[Undo]:
    """Take back what was done, the last first, when the rest fails; what can't be taken back is named.

    Yields a function to call after each step, with how a person would take it back and a call that does.
    Raises what has failed; a RuckusError says what is left.
    """
    left: list[str] = []
    with ExitStack() as stack:

        def undo(how: str, call: Callable[[], object]) -> None:
            stack.callback(_attempt, how, call, left)

        try:
            yield undo
        except RuckusError as error:
            stack.close()
            if left:
                hint = "\n".join([error.hint, "this is left, take it back with:", *left])
                raise RuckusError(error.message, hint) from error
            raise
        except BaseException:
            stack.close()
            raise
        stack.pop_all()


def _attempt(how: str, call: Callable[[], object], left: list[str]) -> None:
    try:
        call()
    except (RuckusError, OSError) as error:
        left.append(f"{how}   ({error})")
