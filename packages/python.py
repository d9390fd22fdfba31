# SPDX-License-Identifier: GPL-3.0-or-later
"""Python (LFS: Python): glibc's build and others' run it. Without what needs libraries that are the final system's."""

from ruckus_aux.recipes.recipe import Recipe
from ruckus_aux.recipes.script import Script

recipe = Recipe("python")

# A build leaves out in silence what it lacks something for: both lists together are all that depends on a library.
_WITH = ("_bz2", "_curses", "_curses_panel", "_lzma", "zlib")
_WITHOUT = ("_ctypes", "_dbm", "_gdbm", "_hashlib", "_sqlite3", "_ssl", "_tkinter", "_uuid", "readline")
# Of what comes with it, and needs something of the system that configure tries.
_OWN = (
    *("_decimal", "_multiprocessing", "_posixshmem", "_socket", "fcntl", "grp", "hashlib", "mmap", "pwd", "pyexpat"),
    *("resource", "select", "syslog", "termios", "threading"),
)


@recipe.step("stage2")
def stage2(sh: Script) -> None:
    """python3, built by the system itself"""
    sh.unpack()
    sh.patch()
    sh.configure(
        f"--with-platlibdir={sh.abi.libdir}",  # where extension modules are
        "--enable-shared",
        "--without-static-libpython",
        "--disable-test-modules",  # half of what it installs
        "--without-ensurepip",  # there is no network to get packages from
        "--without-system-expat",
        *(f"py_cv_module_{module}=n/a" for module in _WITHOUT),
        env={"OPT": "-Wall"},  # not -g -O3 as well, which are hundreds of MB
    )
    sh.make()
    sh.install()
    sh.without_manuals()
    sh.sh(f"""
        ln -s python3 "$OUT{sh.prefix}/bin/python"
        LD_LIBRARY_PATH=. ./python -c "import {", ".join((*_WITH, *_OWN))}"
        # Where it was built is nothing to those who build modules with it.
        cd "$OUT{sh.libdir}"/python3.*
        rm __pycache__/_sysconfigdata_*
        sed -i "s,$SRC,{sh.prefix}/src,g; s,$BUILD,{sh.prefix}/src,g" _sysconfigdata_*.py config-*/Makefile config-*/*.c
    """)
