"""The form of a step's log: fields at its beginning, the script's own output, and fields at its end.

A step's log is log/STEP.log; those of its earlier attempts are kept beside it, as STEP.log.1, STEP.log.2 and so on.
"""

from collections.abc import Mapping
from pathlib import Path

from ruckus_aux.report import utc
from ruckus_aux.script import Usage

_OUTPUT = "# output:\n"
_END = "\n# end "


def beginning(fields: Mapping[str, str], environment: Mapping[str, str], script: str) -> str:
    """What a log begins with; fields that tell what is run, and when, come first."""
    lines = [f"{name:<8} {value}" for name, value in fields.items()]
    lines += ["environment:", *(f"  {name}={value}" for name, value in environment.items())]
    lines += ["script:", *(f"  {line}" for line in script.splitlines())]
    return "".join(f"# {line}\n" for line in lines) + _OUTPUT


def ending(usage: Usage, started: float) -> str:
    """What a log ends with, when its script has come to an end."""
    fields = {
        "end": utc(started + usage.wall),
        "status": usage.status,
        "wall": f"{usage.wall:.1f} s",
        "cpu": f"{usage.user:.1f} s user, {usage.system:.1f} s system",
        "memory": f"{usage.memory / 1024:.0f} MB, largest process; {usage.peak / 1024:.0f} MB, all together",
    }
    return "\n" + "".join(f"# {name:<8} {value}\n" for name, value in fields.items())


def interrupted(now: float) -> str:
    """What a log ends with, when its script was stopped."""
    return f"\n# interrupted {utc(now)}\n"


def fields_at_the_beginning(text: str) -> dict[str, str]:
    """The fields of `beginning` in the text of a log."""
    return _fields(text.partition("# environment:\n")[0])


def fields_at_the_end(text: str) -> dict[str, str]:
    """The fields of `ending` in the text of a log; none when its step was interrupted."""
    return _fields(_END.lstrip() + text.rpartition(_END)[2]) if _END in text else {}


def output(text: str) -> str:
    """What the script has said, in the text of a log."""
    return text.partition(_OUTPUT)[2].rpartition(_END)[0]


def _fields(text: str) -> dict[str, str]:
    words = (line.removeprefix("# ").split(None, 1) for line in text.splitlines() if line.startswith("# "))
    return {word[0]: word[1] for word in words if len(word) == 2}


def earlier(log: Path) -> list[Path]:
    """The logs of a step's earlier attempts, the latest first; log is that of its last one."""
    numbered = [path for path in log.parent.glob(f"{log.name}.*") if path.suffix[1:].isdecimal()]
    return sorted(numbered, key=_number, reverse=True)


def set_aside(log: Path) -> None:
    """Make place for the log of a new attempt."""
    if log.exists():
        latest = next(map(_number, earlier(log)), 0)
        log.rename(log.with_name(f"{log.name}.{latest + 1}"))


def _number(path: Path) -> int:
    return int(path.suffix[1:])
