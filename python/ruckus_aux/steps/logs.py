# SPDX-License-Identifier: GPL-3.0-or-later
"""The form of a step's log: fields at its beginning, the script's own output, and fields at its end.

A step's log is log/STEP.log; those of its earlier attempts are kept beside it, as STEP.log.1, STEP.log.2 and so on.
"""

import filecmp
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from ruckus_aux.host import plain
from ruckus_aux.host.process import Usage
from ruckus_aux.recipes.stages import TEST_RESULTS
from ruckus_aux.words.terminal import readable_size, utc

_ENVIRONMENT = "# environment:\n"
OUTPUT = "# output:\n"  # after this line comes what the script says
_END = "\n# end "
_HEAD = 1 << 16  # bytes at the beginning of a log that hold its fields
_TAIL = 1 << 21  # bytes at the end of a log that are looked at: a step ends soon after what went wrong


@dataclass(frozen=True)
class Log:
    """A log that was read.

    beginning, ending: the fields there; no ending when the step was interrupted.
    output: what the script has said, or the last megabytes of it.
    """

    beginning: Mapping[str, str]
    ending: Mapping[str, str]
    output: str

    @property
    def tests(self) -> str:
        """What a test suite has come to, by the last line that begins with TEST_RESULTS; "" when there is none."""
        lines = reversed(self.output.splitlines())
        return next((line.removeprefix(TEST_RESULTS) for line in lines if line.startswith(TEST_RESULTS)), "")


def beginning(fields: Mapping[str, str], environment: Mapping[str, str], script: str) -> str:
    """What a log begins with.

    Args:
        fields: What is run, and when; they come first.
        environment: Of the script.
        script: Its text.
    """
    lines = [f"# {name:<8} {value}\n" for name, value in fields.items()]
    lines += [_ENVIRONMENT, *(f"#   {name}={value}\n" for name, value in environment.items())]
    lines += ["# script:\n", *(f"#   {line}\n" for line in script.splitlines())]
    return "".join(lines) + OUTPUT


def ending(usage: Usage, started: float) -> str:
    """What a log ends with when its script has ended.

    Args:
        usage: What it cost.
        started: When it started, in seconds since 1970.
    """
    largest, together = (readable_size(units * 1024) for units in (usage.memory, usage.peak))
    fields = {
        "end": utc(started + usage.wall),
        "status": usage.status,
        "wall": f"{usage.wall:.1f} s",
        "cpu": f"{usage.user:.1f} s user, {usage.system:.1f} s system",
        "memory": f"{largest}, largest process; {together}, all together",
    }
    if usage.stopped:
        fields["stopped"] = "it took longer than STEP_TIMEOUT allows"
    return "\n" + "".join(f"# {name:<8} {value}\n" for name, value in fields.items())


def interrupted(now: float) -> str:
    """What a log ends with, when its script was stopped."""
    return f"\n# interrupted {utc(now)}\n"


def read(path: Path) -> Log:
    """Read a log, however large it is; OSError when it is not a plain file, or can't be read."""
    with plain.opened(path) as file:
        fields = _fields_at_the_beginning(file)
        file.seek(max(0, os.fstat(file.fileno()).st_size - _TAIL))
        whole = file.tell() == 0
        text = file.read(_TAIL).decode(errors="replace")
    said = text.partition(OUTPUT if whole else "\n")[2]
    output, found, after = said.rpartition(_END)
    if found and all(line.startswith("# ") for line in after.splitlines()[1:]):
        return Log(fields, _fields(_END.lstrip() + after), output)
    return Log(fields, {}, said)


def fields_at_the_beginning(path: Path) -> dict[str, str]:
    """The fields of `beginning` in a log, without reading the rest; OSError as for `read`."""
    with plain.opened(path) as file:
        return _fields_at_the_beginning(file)


def _fields_at_the_beginning(file: BinaryIO) -> dict[str, str]:
    return _fields(file.read(_HEAD).decode(errors="replace").partition(_ENVIRONMENT)[0])


def _fields(text: str) -> dict[str, str]:
    words = (line.removeprefix("# ").split(None, 1) for line in text.splitlines() if line.startswith("# "))
    return {word[0]: word[1] for word in words if len(word) == 2}


def results_of_tests(log: Path) -> str:
    """What a step's test suite has come to; "" when there is no log."""
    return read(log).tests if log.exists() else ""


def earlier(log: Path) -> list[Path]:
    """The logs of a step's earlier attempts, the latest first; log is that of its last one."""
    numbered = [path for path in log.parent.glob(f"{log.name}.*") if path.suffix[1:].isdecimal()]
    return sorted(numbered, key=_number, reverse=True)


def has_copy(log: Path, copy: Path) -> bool:
    """Whether a step has a log of the same content, of whatever attempt.

    Args:
        log: That of its last one.
        copy: What it is compared with.
    """
    plain_files = (one for one in (log, *earlier(log)) if one.is_file() and not one.is_symlink())
    return any(filecmp.cmp(copy, one, shallow=False) for one in plain_files)


def set_aside(log: Path) -> None:
    """Make place for the log of a new attempt."""
    if os.path.lexists(log):
        latest = next(map(_number, earlier(log)), 0)
        log.rename(log.with_name(f"{log.name}.{latest + 1}"))


def _number(path: Path) -> int:
    return int(path.suffix[1:])
