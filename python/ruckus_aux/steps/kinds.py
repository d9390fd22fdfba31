# SPDX-License-Identifier: GPL-3.0-or-later
"""Where steps run: in the system that is built, or where --with-isolation has decided."""

from ruckus_aux.settings.settings import Settings
from ruckus_aux.steps.chroot import Chroot, Usr
from ruckus_aux.steps.plain_host import PlainHost
from ruckus_aux.steps.sandbox import Sandbox
from ruckus_aux.steps.workplace import Workplace
from ruckus_aux.words.stage import Stage

# By what --with-isolation calls them.
KINDS: dict[str, type[Workplace]] = {"bwrap": Sandbox, "none": PlainHost}


def workplace_of(settings: Settings, stage: Stage) -> Workplace:
    """Where the steps of a stage run.

    Args:
        settings: Of their build directory.
        stage: The stage.
    """
    prefixes = tuple(settings.prefixes)
    if not stage.sees_host:
        system = prefixes, settings.arch.machine, settings.prefix_cross
        return Chroot(*system) if stage.sees == "system" else Usr(*system, settings.prefix_tools, settings.arch)
    return KINDS[settings.isolation](prefixes)
