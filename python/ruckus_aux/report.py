# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person sees of steps: a line for each on the terminal, and the table of what they cost."""

import sys
import time
from collections.abc import Iterable

from ruckus_aux.journal import Entry

STYLES = {
    "built": "green",
    "stored": "cyan",
    "booted": "green",
    "ready": "green",
    "waiting": "yellow",
    "crashed": "yellow",
    "failed": "red",
}
_CODES = {"green": "32", "cyan": "36", "yellow": "33", "red": "31"}


def duration(seconds: float) -> str:
    """Seconds as H:MM:SS, or M:SS below an hour."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def utc(seconds: float) -> str:
    """A time as names of runs and logs have it; such texts compare as the times do."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def label(outcome: str, terminal: bool | None = None) -> str:
    """An outcome as the first word of a line, padded, and coloured on a terminal."""
    text = f"{outcome.upper():<8}"
    colour = sys.stdout.isatty() if terminal is None else terminal
    return f"\033[{_CODES[STYLES[outcome]]}m{text}\033[0m" if colour and outcome in STYLES else text


def outcome_line(entry: Entry) -> str:
    """The one line that a finished step prints."""
    line = f"  {label(entry.outcome)} {entry.step:<32} {duration(entry.wall):>8}"
    if entry.outcome == "built":
        line += f"   cpu {entry.user + entry.system:6.0f} s   memory {entry.memory / 1024:5.0f} MB"
    return line


def cost_table(entries: Iterable[Entry]) -> str:
    """What each step's last build cost, as a table in Markdown, with a line for all of them together."""
    rows = [
        "| step | wall | user+sys | peak memory | working folder | installed |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    total = [0.0, 0.0, 0.0, 0.0, 0.0, 0.0]
    for entry in entries:
        cpu = entry.user + entry.system
        figures = [entry.wall, cpu, entry.memory / 1024, entry.work / 1e6, entry.artifact / 1e6]
        rows.append(_row(entry.step, figures))
        total = [
            total[0] + figures[0],
            total[1] + cpu,
            max(total[2], figures[2]),
            max(total[3], figures[3]),
            total[4] + figures[4],
            total[5] + entry.own,
        ]
    rows.append(_row("all (memory and working folder: largest)", total))
    share = 100 * total[5] / total[1] if total[1] else 0.0
    rows.append(f"\nRuckus's own work in these steps: {total[5]:.1f} CPU s, {share:.2f} % of theirs.")
    return "\n".join(rows)


def _row(name: str, figures: list[float]) -> str:
    wall, cpu, memory, work, artifact = figures[:5]
    return f"| {name} | {duration(wall)} | {cpu:.0f} s | {memory:.0f} MB | {work:.0f} MB | {artifact:.0f} MB |"
