# SPDX-License-Identifier: GPL-3.0-or-later
"""What a check of a finished system has found."""

from dataclasses import dataclass

from ruckus_aux.words.errors import RuckusError


@dataclass(frozen=True)
class Finding:
    """The result of one check.

    subject: what was checked.
    detail: how much of it, or why it was not.
    faults: what is wrong, each with its way out.
    checked: False when the system does not have what was to be checked.
    """

    subject: str
    detail: str
    faults: tuple[RuckusError, ...] = ()
    checked: bool = True

    @property
    def result(self) -> str:
        """In one word."""
        if self.faults:
            return "WRONG"
        return "ok" if self.checked else "skipped"
