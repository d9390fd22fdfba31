# SPDX-License-Identifier: GPL-3.0-or-later
"""The cross toolchain in a finished system, which does not need it: removed on request, and merged again.

Stamps say what is merged. Those of a toolchain that was removed stay, and say that nothing is: so make takes its steps
as done, and no file as theirs.
"""

from collections.abc import Iterator
from dataclasses import replace

from ruckus_aux.settings.settings import Settings
from ruckus_aux.settings.stamps import Stamp, lock, stamps
from ruckus_aux.steps.merge import unmerge
from ruckus_aux.words.stage import STAGES


def _of_cross(settings: Settings) -> Iterator[Stamp]:
    return (stamp for stamp in stamps(settings) if stamp.step.stage is STAGES["cross"])


def has_cross(settings: Settings) -> bool:
    """Whether any of the cross toolchain is in the system."""
    return any(stamp.files for stamp in _of_cross(settings))


def lacks_cross(settings: Settings) -> bool:
    """Whether any of the cross toolchain was removed."""
    return any(not stamp.files for stamp in _of_cross(settings))


def remove_cross(settings: Settings) -> None:
    """Remove the files of the cross toolchain from the system, whose user this process must be."""
    with lock(settings):
        cross = [stamp for stamp in _of_cross(settings) if stamp.files]
        paths = {stamp.path for stamp in cross}
        others = (stamp for stamp in stamps(settings, pending=True) if stamp.path not in paths)
        kept = {name for stamp in others for name in stamp.files}
        for stamp in cross:
            unmerge(stamp, kept)
            empty = replace(stamp, files=())
            empty.announce()
            empty.complete()


def restore_cross(settings: Settings) -> None:
    """Let the next make merge what was removed."""
    with lock(settings):
        for stamp in list(_of_cross(settings)):
            if not stamp.files:
                stamp.reopen()
