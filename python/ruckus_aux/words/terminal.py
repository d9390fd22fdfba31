# SPDX-License-Identifier: GPL-3.0-or-later
"""How durations, times, outcomes and text of others are shown to a person."""

import calendar
import re
import sys
import time
from collections.abc import Iterable

from ruckus_aux.words.errors import RuckusError

STYLES = {
    "built": "green",
    "stored": "cyan",
    "same": "green",
    "differs": "red",
    "booted": "green",
    "ready": "green",
    "waiting": "yellow",
    "crashed": "yellow",
    "failed": "red",
    "ok": "green",
    "hung": "yellow",
    "unreachable": "yellow",
    "broken": "red",
    "error": "red",
}
_CODES = {"green": "32", "cyan": "36", "yellow": "33", "red": "31", "magenta": "35", "blue": "34"}
ARCH_COLORS = ("cyan", "magenta", "blue")  # to tell architectures apart
MB = 1_000_000  # bytes
_FEW = 4  # names in a line
_UNITS = {"M": 2**20, "G": 2**30, "T": 2**40}
_UTC = "%Y-%m-%dT%H:%M:%SZ"
_COLOR = re.compile(r"\x1b\[[0-9;]*[mK]")


def duration(seconds: float) -> str:
    """Seconds as H:MM:SS, or M:SS below an hour."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def readable_size(number: float) -> str:
    """Bytes as a person reads them, the same figure everywhere: in MB (millions), GB and TB, as `ls --si` has them."""
    if number >= 10_000_000 * MB:
        return f"{number / MB / 1_000_000:.1f} TB"
    if number >= 10_000 * MB:
        return f"{number / MB / 1000:.1f} GB"
    return f"{number / MB:.0f} MB" if number >= 10 * MB else f"{number / MB:.1f} MB"


def size_in_bytes(text: str, option: str = "--size") -> int:
    """The bytes of a size such as 10G, in LVM's units of 1024.

    Args:
        text: The size.
        option: What it was given as, for errors.

    Raises:
        RuckusError: It is not a size.
    """
    match = re.fullmatch(r"([1-9][0-9]{0,5})([MGT])", text)
    if not match:
        raise RuckusError(f"{option}={text}: not a size", f"a whole number and M, G or T, for instance: {option}=10G")
    return int(match[1]) * _UNITS[match[2]]


def some_of(names: Iterable[str]) -> str:
    """A few of some names, each once, and how many there are beside them."""
    different = list(dict.fromkeys(names))
    more = f" and {len(different) - _FEW} more" if len(different) > _FEW else ""
    return f"{' '.join(different[:_FEW])}{more}"


def utc(seconds: float) -> str:
    """A time as names of runs and logs have it; such texts compare as the times do."""
    return time.strftime(_UTC, time.gmtime(seconds))


def seconds_of(text: str) -> float:
    """The time that `utc` has made this text of; 0 when it has not."""
    try:
        return calendar.timegm(time.strptime(text, _UTC))
    except ValueError:
        return 0.0


def label(outcome: str, terminal: bool | None = None) -> str:
    """An outcome as the first word of a line, padded.

    Args:
        outcome: The outcome of a step.
        terminal: Whether to color it; None: if standard output is a terminal.
    """
    text = f"{outcome.upper():<8}"
    color = sys.stdout.isatty() if terminal is None else terminal
    return in_color(text, STYLES[outcome]) if color and outcome in STYLES else text


def in_color(text: str, color: str) -> str:
    """Text in a color, for a terminal.

    Args:
        text: The text.
        color: Its name.
    """
    return f"\033[{_CODES[color]}m{text}\033[0m"


def printable(text: str) -> str:
    """Text of others, as a terminal may get it: what would command the terminal is shown instead.

    Lines and tabs stay; the colors of compilers are left out.
    """
    plain = _COLOR.sub("", text)
    if plain.isascii() and plain.isprintable():
        return plain
    return "".join(one if one.isprintable() or one in "\n\t" else _escaped(one) for one in plain)


def _escaped(one: str) -> str:
    return one.encode("unicode_escape").decode("ascii")
