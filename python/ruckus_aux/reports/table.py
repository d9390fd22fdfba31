# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person sees of steps: a line for each on the terminal, and the table of what they cost."""

from collections.abc import Iterable

from ruckus_aux.settings.journal import Entry
from ruckus_aux.words.terminal import duration, readable_size


def cost_table(entries: Iterable[Entry]) -> str:
    """What each step's last build cost, as a table in Markdown, with a line for all of them together."""
    rows = [
        "| step | wall | user+sys | peak memory | working folder | installed |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    total = [0.0, 0.0, 0.0, 0.0, 0.0, 0.0]
    for entry in entries:
        cpu = entry.user + entry.system
        figures = [entry.wall, cpu, entry.largest, entry.work, entry.artifact]
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
    wall, cpu, *sizes = figures[:5]
    return f"| {name} | {duration(wall)} | {cpu:.0f} s | {' | '.join(map(readable_size, sizes))} |"
