# SPDX-License-Identifier: GPL-3.0-or-later
"""Find the first error in a build's output: what went wrong, not what make said about it afterwards."""

import re
import signal
from collections.abc import Iterator
from itertools import islice

from ruckus_aux.recipes.stages import FAILED_TEST
from ruckus_aux.words.terminal import printable

_CONTEXT = 4  # lines that are shown, of the first error and what follows it
_TAIL = 10  # lines that are shown when no line looks like an error
_WIDTH = 500  # characters of a line that are shown

# In the order of how sure they are; the first pattern that is found anywhere wins. They are looked for in the whole
# text at once: line by line, a long log would take minutes.
_ERRORS = tuple(
    re.compile(pattern, re.MULTILINE)
    for pattern in (
        f"^{FAILED_TEST}",
        r"internal compiler error|: fatal error: ",
        r"^[^:\s][^:\n]*:\d+(:\d+)?: error: ",
        r"undefined reference to|: cannot find -l|multiple definition of|relocation truncated",
        r"^configure: error: |: error: |\bError: ",
        r"^sed: |^tar: |^patch: \*\*\*\*|^Hunk #\d+ FAILED|saving rejects to file",
        r": \*\*\* (?!\[)|: (command )?not found[ \t\r]*$|No such file or directory|No space left on device",
        r"(?i:\b(killed|segmentation fault|out of memory)\b)",
    )
)
# What a compiler, the kernel or a make says when a process died by no fault of the source.
_CRASH = re.compile(
    r"internal compiler error|Killed signal terminated program|ld terminated with signal"
    r"|virtual memory exhausted|std::bad_alloc|out of memory|Cannot allocate memory"
    r"|\bKilled$|Segmentation fault|Bus error",
    re.MULTILINE,
)
_SIGNALS = range(128 + 1, 128 + signal.NSIG)  # exit statuses by which a shell says that a signal ended a command
# What make says of an error that was told before. Its other complaints (`*** No targets.`) are errors themselves.
_EPILOGUE = re.compile(r"(\S*/)?g?make(\[\d+\])?: (Leaving|Entering|\*\*\* (\[.*\] Error \d|Waiting for|Deleting ))")


def crash(status: int, output: str) -> str:
    """How a script died if the source was not to blame: by a signal, a compiler that crashed, or lack of memory.

    Args:
        status: Its exit status; negative is the signal that ended it.
        output: The end of its output.

    Returns:
        A few words; "" for an ordinary failure.
    """
    number = -status if status < 0 else status - 128 if status in _SIGNALS else 0
    if number:
        return f"signal {_signal_name(number)}"
    match = _CRASH.search(output)
    return match[0].strip() if status and match else ""


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # a real-time signal
        return str(number)


def first_error(output: str) -> list[str]:
    """The line of the first real error with a few that follow it; the last lines when none looks like one."""
    for pattern in _ERRORS:
        for match in pattern.finditer(output):
            start = output.rfind("\n", 0, match.start()) + 1
            if not _EPILOGUE.match(output, start):
                # Of a line without end, the part with the error.
                shown = max(start, match.end() - _WIDTH // 2)
                return [line for line in islice(_lines(output, shown), _CONTEXT) if not _EPILOGUE.match(line)]
    last = list(_lines(output, len(output) - (1 << 16)))
    return ([line for line in last if not _EPILOGUE.match(line)] or last)[-_TAIL:]


def _lines(text: str, start: int) -> Iterator[str]:
    """The lines from a position on that are not empty, as far as they are shown, and as a terminal may get them."""
    position = max(0, start)
    while position < len(text):
        end = text.find("\n", position)
        end = len(text) if end < 0 else end
        if line := text[position : min(end, position + _WIDTH)].rstrip():
            yield printable(line)
        position = end + 1
