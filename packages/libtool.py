# SPDX-License-Identifier: GPL-3.0-or-later
"""GNU Libtool: what autoreconf needs where a source makes libraries (CLFS: Libtool)."""

from ruckus_aux.recipes.recipe import Recipe
from ruckus_aux.recipes.script import Script

recipe = (
    Recipe("libtool")
    .autotools(
        "hostprep",
        needs=("autoconf", "automake", "file"),  # file: what it finds is in the script that it installs
        tools=("m4",),
        options=("--disable-ltdl-install",),
    )
    .autotools(
        "final",
        needs=("autoconf", "automake"),
        env={"CC": "gcc", "CXX": "g++"},  # it takes commands for its compilers that begin as these do
        before=Script.in_source,  # assertions of libltdl say where that was
        after=lambda sh: sh.sh("grep '^CC=\"gcc\"$' libtool"),
    )
)
