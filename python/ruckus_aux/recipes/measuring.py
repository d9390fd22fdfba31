# SPDX-License-Identifier: GPL-3.0-or-later
"""What steps cost by a journal, written into packages/costs.toml: `ruckus times --write`."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from ruckus_aux.host.writing import write_whole
from ruckus_aux.recipes.costs import FILE_NAME, Costs, read_costs
from ruckus_aux.settings.journal import Entry
from ruckus_aux.words.step_name import StepName
from ruckus_aux.words.terminal import MB

_HEAD = """\
# What each step took where it was last measured: CPU seconds (shared_cpu: with its objects in ccache already), and MB
# of its largest process, its working folder, and what it installs. Written by: ruckus times --write
# What is `estimated` was not measured yet: test suites by the figures of LFS and of other suites, on the high side.
"""


def measured(built: Mapping[str, Sequence[Entry]], known: Mapping[str, Costs]) -> dict[str, Costs]:
    """The costs of steps by their builds, by STAGE/PACKAGE.

    Args:
        built: The successful builds of each step, the latest last, as in a journal.
        known: Earlier costs, for what was not measured: CPU seconds with, or without, objects in ccache.
    """
    costs = {}
    for step, entries in built.items():
        name, last = StepName(step).within_arch, entries[-1]
        cpu = {entry.hits > entry.misses: max(1.0, round(entry.cpu)) for entry in entries}
        earlier = known.get(name, Costs(cpu=max(cpu.values()), memory=0))
        costs[name] = Costs(
            cpu=cpu.get(False, earlier.cpu),
            shared_cpu=cpu.get(True, earlier.shared_cpu),
            memory=max(1, last.largest // MB),
            disk=last.work // MB,
            installed=last.artifact // MB,
        )
    return costs


def as_text(costs: Mapping[str, Costs], machine: str, date: datetime) -> str:
    """The file's content.

    Args:
        costs: By STAGE/PACKAGE.
        machine: Where the newest of them were measured.
        date: When.
    """
    lines = [_HEAD, f"machine = {json.dumps(machine)}", f"date = {date.astimezone(UTC):%Y-%m-%d}", "", "[steps]"]
    for name, entry in sorted(costs.items()):
        values = {key: "true" if value is True else f"{value:g}" for key, value in asdict(entry).items() if value}
        lines.append(f'"{name}" = {{ {", ".join(f"{key} = {value}" for key, value in values.items())} }}')
    return "\n".join(lines) + "\n"


def write_costs(folder: Path, built: Mapping[str, Sequence[Entry]], machine: str) -> Path:
    """Put what a build directory has measured into a folder's file; other steps keep their figures.

    Args:
        folder: Of recipes.
        built: See `measured`.
        machine: What this machine is called there.

    Returns:
        The file.
    """
    path = folder / FILE_NAME
    known = read_costs(folder)
    write_whole(path, as_text({**known, **measured(built, known)}, machine, datetime.now(UTC)))
    return path
