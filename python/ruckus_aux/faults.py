"""Find the first error in a build's output: what went wrong, not what make said about it afterwards."""

import re
import signal

_CONTEXT = 4  # lines that are shown after the first error
_TAIL = 10  # lines that are shown when no line looks like an error

# In the order of how sure they are; the first pattern that is found anywhere wins.
_ERRORS = tuple(
    re.compile(pattern)
    for pattern in (
        r"internal compiler error|: fatal error: ",
        r"^[^:\s][^:]*:\d+(:\d+)?: error: ",
        r"undefined reference to|: cannot find -l|multiple definition of|relocation truncated",
        r"^configure: error: |: error: |\bError: ",
        r"^sed: |^tar: |^patch: \*\*\*\*|^Hunk #\d+ FAILED|saving rejects to file",
        r"No rule to make target|: (command )?not found$|No such file or directory|No space left on device",
        r"(?i)\b(killed|segmentation fault|out of memory)\b",
    )
)
# What a compiler, the kernel or a make says when a process died by no fault of the source.
_CRASH = re.compile(
    r"(?m)internal compiler error|Killed signal terminated program|ld terminated with signal"
    r"|virtual memory exhausted|std::bad_alloc|out of memory|Cannot allocate memory"
    r"|\bKilled$|Segmentation fault|Bus error"
)
_SIGNALS = range(128 + 1, 128 + 32)  # exit statuses by which a shell says that a signal ended a command
_EPILOGUE = re.compile(r"^(g?make)(\[\d+\])?: (\*\*\* |Leaving|Entering)(?!.*No rule)")


def crash(status: int, output: str) -> str:
    """How a script died, when it was no fault of the source: by a signal, a compiler that crashed, or lack of memory.

    status: its exit status; negative is the signal that ended it.
    Returns "" for an ordinary failure.
    """
    number = -status if status < 0 else status - 128 if status in _SIGNALS else 0
    if number:
        return f"signal {signal.Signals(number).name}"
    match = _CRASH.search(output)
    return match[0].strip() if status and match else ""


def first_error(output: str) -> list[str]:
    """The line of the first real error with a few that follow it; the last lines when none looks like one."""
    lines = [line.rstrip() for line in output.splitlines() if line.strip()]
    candidates = [(number, line) for number, line in enumerate(lines) if not _EPILOGUE.match(line)]
    for pattern in _ERRORS:
        for number, line in candidates:
            if pattern.search(line):
                following = [text for text in lines[number + 1 : number + _CONTEXT] if not _EPILOGUE.match(text)]
                return [line, *following]
    return [line for _, line in candidates[-_TAIL:]]
