# SPDX-License-Identifier: GPL-3.0-or-later

import os
from collections import namedtuple
from pathlib import Path

import psutil
import pytest

from ruckus_aux.host import limits
from ruckus_aux.host.limits import Memory, memory, processors

Machine = namedtuple("Machine", "available total")


class Groups:
    """Control groups as /proc and /sys show them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{text}\n")


@pytest.fixture
def groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Groups:
    """A machine with 8 processors, and 8000 bytes of memory of which 4000 are available."""
    monkeypatch.setattr(limits, "_MEMBERSHIP", tmp_path / "membership")
    monkeypatch.setattr(limits, "_TOP", tmp_path / "top")
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(8)))
    monkeypatch.setattr(psutil, "virtual_memory", lambda: Machine(4000, 8000))
    return Groups(tmp_path)


def test_a_machine_without_control_groups(groups: Groups) -> None:
    assert processors() == 8
    assert memory() == Memory(4000, 8000)


@pytest.mark.parametrize(
    ("file", "content", "expected"),
    [
        ("top/a/b/cpu.max", "max 100000", 8),
        ("top/a/b/cpu.max", "300000 100000", 3),
        ("top/a/b/cpu.max", "250000 100000", 3),
        ("top/a/cpu.max", "50000 100000", 1),  # of a group above
        ("top/a/b/cpu.max", "9900000 100000", 8),
        ("top/a/b/cpu.max", "nonsense", 8),
        ("top/a/b/cpu.max", "1 0", 8),
    ],
)
def test_processors_of_a_group(groups: Groups, file: str, content: str, expected: int) -> None:
    groups.write("membership", "0::/a/b")
    groups.write(file, content)
    assert processors() == expected


def test_processors_that_taskset_leaves(groups: Groups, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {3})
    assert processors() == 1


def test_memory_of_a_group_and_of_those_above(groups: Groups) -> None:
    groups.write("membership", "0::/a/b")
    groups.write("top/a/b/memory.max", "max")
    groups.write("top/a/b/memory.high", "3000")
    groups.write("top/a/b/memory.current", "1000")
    assert memory() == Memory(2000, 3000)
    groups.write("top/a/b/memory.stat", "anon 100\ninactive_file 300\nactive_file 200\nslab_reclaimable 50")
    assert memory() == Memory(2550, 3000), "what is cached can be had"
    groups.write("top/a/memory.max", "2500")
    groups.write("top/a/memory.current", "2600")
    assert memory() == Memory(0, 2500)


def test_the_first_version_of_control_groups(groups: Groups) -> None:
    groups.write("membership", "5:memory:/host/path\n2:cpu,cpuacct:/x\n1:name=systemd:/y\n0::/")
    groups.write("top/cpu/x/cpu.cfs_quota_us", "200000")
    groups.write("top/cpu/x/cpu.cfs_period_us", "100000")
    groups.write("top/cpu/cpu.cfs_quota_us", "-1")
    groups.write("top/cpu/cpu.cfs_period_us", "100000")
    # As in a container: the path is the host's, and the group is what is mounted.
    groups.write("top/memory/memory.limit_in_bytes", "5000")
    groups.write("top/memory/memory.usage_in_bytes", "4000")
    groups.write("top/memory/memory.stat", "inactive_file 1\ntotal_inactive_file 500")
    assert processors() == 2
    assert memory() == Memory(1500, 5000)


def test_a_limit_above_the_machines_memory_is_none(groups: Groups) -> None:
    groups.write("membership", "4:memory:/\n0::/../elsewhere")
    groups.write("top/memory/memory.limit_in_bytes", "9223372036854771712")
    groups.write("top/memory/memory.usage_in_bytes", "7900")
    assert memory() == Memory(4000, 8000)
