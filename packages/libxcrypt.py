# SPDX-License-Identifier: GPL-3.0-or-later
"""libxcrypt: crypt(), which glibc no longer has."""

from ruckus_aux.recipes.recipe import Check, Recipe
from ruckus_aux.recipes.script import Script

_OPTIONS = (
    "--disable-static",
    "--enable-hashes=strong,glibc",  # those of today's /etc/shadow, and those that glibc had
    "--enable-obsolete-api=no",  # for programs that were linked with glibc's
    "--disable-failure-tokens",  # crypt returns NULL for what it can't do, as POSIX says
    "--disable-werror",  # warnings of newer compilers are no errors
)


def _configure(sh: Script) -> None:
    """Debian's tarball has no configure."""
    sh.sh("[ -e configure ] || autoreconf --install")


recipe = (
    Recipe("libxcrypt")
    .autotools(
        "stage1",
        per_abi=True,
        tools=("m4",),
        needs=("hostprep/autoconf", "hostprep/automake", "hostprep/libtool"),
        options=_OPTIONS,
        before=_configure,
    )
    .autotools(
        "final",
        per_abi=True,
        needs=("autoconf", "automake", "libtool"),
        options=_OPTIONS,
        before=_configure,
        check=Check(),
    )
)
