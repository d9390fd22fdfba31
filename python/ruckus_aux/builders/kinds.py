# SPDX-License-Identifier: GPL-3.0-or-later
"""The kinds of builders."""

from collections.abc import Callable

from ruckus_aux.builders.machine import Builder
from ruckus_aux.builders.qemu import Qemu
from ruckus_aux.recipes.plan import Plan
from ruckus_aux.words.errors import RuckusError

BUILDER_KINDS: dict[str, Callable[[Plan], Builder]] = {"qemu": Qemu}  # by what --builder calls them


def builder_of(kind: str, plan: Plan) -> Builder:
    """The builder of a build directory.

    Args:
        kind: As --builder calls it.
        plan: All steps of the build directory.

    Raises:
        RuckusError: There is no such kind.
    """
    if kind not in BUILDER_KINDS:
        raise RuckusError(f"--builder={kind}: no such machine", f"choose one of: {', '.join(BUILDER_KINDS)}")
    return BUILDER_KINDS[kind](plan)
