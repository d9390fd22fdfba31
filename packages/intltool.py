# SPDX-License-Identifier: GPL-3.0-or-later
"""intltool: translations of what gettext does not read (CLFS: Intltool)."""

from ruckus_aux.recipes.recipe import Recipe
from ruckus_aux.recipes.script import Script


def _newer_perl(sh: Script) -> None:
    """A brace in a pattern has to be escaped since perl 5.22 (LFS)."""
    sh.replace("intltool-update.in", r"\${", r"\$\{")


recipe = Recipe("intltool").autotools(
    "final", needs=("perl", "libxcrypt-{bits}", "xml-parser", "expat-{bits}"), before=_newer_perl
)
