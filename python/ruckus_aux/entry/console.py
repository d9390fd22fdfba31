# SPDX-License-Identifier: GPL-3.0-or-later
"""What a command has to do with the terminal: streams that can be written to, and endings that a person understands."""

import io
import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from ruckus_aux.host import signals
from ruckus_aux.host.signals import INTERRUPTED, hung_up
from ruckus_aux.words.errors import RuckusError, of_the_system
from ruckus_aux.words.terminal import printable


def ended(command: Callable[[], int | None], interrupted: str) -> int:
    """Run a command to its end, whatever that is; what went wrong is told on standard error.

    Args:
        command: it may return an exit status.
        interrupted: what is told after Ctrl-C, and the signals that are like it.

    Returns:
        The exit status.
    """
    _prepare_streams()
    signals.heed()
    try:
        status = command() or 0
        sys.stdout.flush()  # here, a full disk can be told
    except RuckusError as error:
        return _failed(error)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the reader went away: nothing to say
        return 128 + signal.SIGPIPE
    except (OSError, ModuleNotFoundError) as error:  # a full disk, a folder that is not ours, a Python without modules
        if hung_up(error):
            return INTERRUPTED
        return _failed(_no_bug(error))
    except Exception as error:  # whatever it is, no user can be blamed for it
        return _failed(_bug(error))
    except KeyboardInterrupt:
        start = "\n" if sys.stderr.isatty() else ""  # which shows ^C
        with suppress(OSError):  # the terminal may be gone
            print(f"{start}ruckus: {interrupted}", file=sys.stderr, flush=True)
        return INTERRUPTED
    return status


@contextmanager
def importing() -> Iterator[None]:
    """Import what needs the modules of requirements.txt; without them, the way out is told, and that is the end."""
    try:
        yield
    except ModuleNotFoundError as error:
        print_error(_no_bug(error))
        sys.exit(1)


def _failed(error: RuckusError) -> int:
    """Report an error, on request with the traceback of what was caught; returns the exit status."""
    if "RUCKUS_DEBUG" in os.environ:
        traceback.print_exc()
    print_error(error)
    return 1


def _bug(error: Exception) -> RuckusError:
    frame = traceback.extract_tb(error.__traceback__)[-1]
    what = traceback.format_exception_only(error)[-1].strip()
    return RuckusError(
        f"this is a bug in Ruckus, please report it: {what} ({frame.filename}:{frame.lineno})",
        "with RUCKUS_DEBUG=1 in the environment, the same command shows the whole traceback",
    )


def _no_bug(error: OSError | ModuleNotFoundError) -> RuckusError:
    if isinstance(error, ModuleNotFoundError):
        from ruckus_aux.host.modules import told  # slow to import

        return told(error)
    return of_the_system(error)


def print_error(error: RuckusError) -> None:
    """Say what is wrong, and the way out below it, on standard error."""
    mark = "\033[31merror:\033[0m" if sys.stderr.isatty() else "error:"
    print(f"ruckus: {mark} {printable(error.message)}", file=sys.stderr)
    for line in printable(error.hint).splitlines():
        print(f"  {line}", file=sys.stderr)


def _prepare_streams() -> None:
    """See to it that there are standard streams, and that any text can be written to them.

    A stream that is closed (`>&-`) would be the next file that is opened: a journal, say, which then gets the output.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        stream = getattr(sys, name)
        if stream is None:
            _null(number)
            setattr(sys, name, open(os.devnull, "r+"))  # noqa: SIM115 (until we end)
        elif number and isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _null(number: int) -> None:
    """Let a descriptor that is closed be /dev/null, for the programs that we start, too."""
    try:
        os.fstat(number)
    except OSError:
        null = os.open(os.devnull, os.O_RDWR)  # the lowest number that is free: often this one
        os.dup2(null, number)
        if null == number:
            os.set_inheritable(number, True)
        else:
            os.close(null)
