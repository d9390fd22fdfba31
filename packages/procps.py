# SPDX-License-Identifier: GPL-3.0-or-later
"""procps-ng (CLFS: Procps-ng): ps, top, free, sysctl, and of those that others have, too: pidof and uptime."""

from ruckus_aux.recipes.recipe import DEJAGNU, Check, Recipe
from ruckus_aux.recipes.script import Script


def _prepare(sh: Script) -> None:
    sh.in_source()
    sh.replace("src/watch.c", "<ncursesw/ncurses.h>", "<ncurses.h>")


recipe = Recipe("procps").autotools(
    "final",
    needs=("ncurses-{bits}", "pkgconf"),
    options=(
        "--disable-kill",  # util-linux has it
        "--enable-watch8bit",  # UTF-8 in watch
        "--disable-numa",
        "--without-systemd",
        "--without-elogind",
    ),
    before=_prepare,
    check=Check(make=("check", DEJAGNU)),
)
