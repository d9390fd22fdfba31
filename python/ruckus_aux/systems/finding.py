# SPDX-License-Identifier: GPL-3.0-or-later
"""What a check of a finished system has found."""

from collections.abc import Callable
from dataclasses import dataclass

from ruckus_aux.words.errors import Mistakes, RuckusError


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


def finding_of(subject: str, detail: str, attempt: Callable[[], object]) -> Finding:
    """What comes of an attempt that raises RuckusError when something is wrong.

    Args:
        subject: What is checked.
        detail: How much of it.
        attempt: The check.
    """
    faults = Mistakes()
    with faults.collected():
        attempt()
    return Finding(subject, detail, tuple(faults.errors))
