# SPDX-License-Identifier: GPL-3.0-or-later
"""The kinds of workplaces, by what --with-isolation calls them."""

from ruckus_aux.settings.settings import Settings
from ruckus_aux.steps.plain_host import PlainHost
from ruckus_aux.steps.sandbox import Sandbox
from ruckus_aux.steps.workplace import Workplace

KINDS: dict[str, type[Workplace]] = {"bwrap": Sandbox, "none": PlainHost}


def workplace_of(settings: Settings) -> Workplace:
    """Where the steps of a build directory run."""
    return KINDS[settings.isolation](tuple(settings.prefixes))
