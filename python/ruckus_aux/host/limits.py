# SPDX-License-Identifier: GPL-3.0-or-later
"""How much of the machine this process may use: not all of it under taskset, in a container, in a control group.

See cgroups(7), and Documentation/admin-guide/cgroup-v2.rst in the kernel's source.
"""

import math
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

_MEMBERSHIP = Path("/proc/self/cgroup")
_TOP = Path("/sys/fs/cgroup")
_MEMORY_LIMITS = ("memory.max", "memory.high", "memory.limit_in_bytes")
_MEMORY_USED = ("memory.current", "memory.usage_in_bytes")
# What of a group's memory the kernel gives up before anybody is killed. The first version says `total` of a group with
# those below it, as the second always does.
_CACHES = ("inactive_file", "active_file", "slab_reclaimable")


@dataclass(frozen=True)
class Memory:
    """Bytes of memory: available to new processes, of total."""

    available: float
    total: float


def processors() -> int:
    """How many processors may be used; where a group has a share of one, that counts as one."""
    shares = [share for folder in _groups("cpu") for share in _shares(folder)]
    return max(1, min([len(os.sched_getaffinity(0)), *map(math.ceil, shares)]))


def machine() -> str:
    """What this machine is, for people who compare figures: its processor, and how many of them may be used."""
    models = re.findall(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return f"{processors()} x {models[0] if models else os.uname().machine}"


def memory() -> Memory:
    """The memory of the machine, or of the control group, whichever leaves less."""
    machine = psutil.virtual_memory()
    available, total = float(machine.available), float(machine.total)
    for folder in _groups("memory"):
        limit = min(_numbers(folder, *_MEMORY_LIMITS), default=math.inf)
        used = sum(_numbers(folder, *_MEMORY_USED))
        if limit < machine.total:
            available = min(available, max(0.0, limit - used + _caches(folder)))
            total = min(total, limit)
    return Memory(available, total)


def _groups(controller: str) -> Iterator[Path]:
    """The control groups that this process is in, as far as they are seen from here, from the innermost outwards."""
    with suppress(OSError):
        for line in _MEMBERSHIP.read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            if controllers and controller not in controllers.split(","):
                continue
            top = _TOP / controller if controllers else _TOP
            # In a container the path may be the host's; then the container's own group is on top.
            here = top if ".." in path else top / path.lstrip("/")
            yield from (folder for folder in (here, *here.parents) if folder.is_relative_to(top) and folder.is_dir())


def _shares(folder: Path) -> Iterator[float]:
    """How many processors a group may keep busy, when that is limited."""
    with suppress(OSError, ValueError, IndexError, ZeroDivisionError):
        words = (folder / "cpu.max").read_text().split()
        yield int(words[0]) / int(words[1])
    first = [*_numbers(folder, "cpu.cfs_quota_us"), *_numbers(folder, "cpu.cfs_period_us")]
    if len(first) == 2 and min(first) > 0:  # -1: no limit
        yield first[0] / first[1]


def _numbers(folder: Path, *names: str) -> Iterator[float]:
    """What files of a group hold, where they are there and hold a number, not `max`."""
    for name in names:
        with suppress(OSError, ValueError):
            yield float(int((folder / name).read_text()))


def _caches(folder: Path) -> float:
    with suppress(OSError, ValueError):
        lines = (line.split() for line in (folder / "memory.stat").read_text().splitlines())
        figures = {name: float(value) for name, value in lines}
        return sum(figures.get(f"total_{name}", figures.get(name, 0.0)) for name in _CACHES)
    return 0.0
