# SPDX-License-Identifier: GPL-3.0-or-later
"""Dropbear: a small ssh server and client; builders are reached by it."""

from ruckus_aux.recipes.recipe import Recipe
from ruckus_aux.recipes.script import Script

recipe = Recipe("dropbear")


def _paths(sh: Script) -> None:
    """Who logs in finds the temporary system's programs, as a shell on the console does."""
    path = f"{sh.prefix}/bin:/bin:/usr/bin"
    sh.write(
        "$BUILD/localoptions.h",
        f"""
#define DEFAULT_PATH "{path}"
#define DEFAULT_ROOT_PATH "{sh.prefix}/sbin:/sbin:/usr/sbin:{path}"
#define DROPBEAR_PATH_SSH_PROGRAM "{sh.prefix}/bin/dbclient"
""",
    )


recipe.autotools(
    "stage1",
    needs=("zlib-{bits}", "libxcrypt-{bits}"),
    options=(
        "--enable-bundled-libtom",
        # The temporary system keeps no records of logins, and has no PAM:
        "--disable-lastlog",
        "--disable-utmp",
        "--disable-wtmp",
        "--disable-pam",
    ),
    make=("PROGRAMS=dropbear dbclient dropbearkey dropbearconvert scp",),
    before=_paths,
)
