# SPDX-License-Identifier: GPL-3.0-or-later
"""The line on the terminal that says how a step ended."""

from ruckus_aux.settings.journal import Entry
from ruckus_aux.words.terminal import duration, label, readable_size


def outcome_line(entry: Entry) -> str:
    """The one line that a finished step prints."""
    line = f"  {label(entry.outcome)} {entry.step:<32} {duration(entry.wall):>8}"
    if entry.outcome == "built":
        line += f"   cpu {entry.user + entry.system:6.0f} s   memory {readable_size(entry.largest):>8}"
    return line
