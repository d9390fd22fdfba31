# SPDX-License-Identifier: GPL-3.0-or-later
"""Python (LFS: Python): glibc's build and others' run it; the final system's has what its libraries offer."""

from collections.abc import Sequence

from ruckus_aux.recipes.python import install_wheel
from ruckus_aux.recipes.recipe import Recipe
from ruckus_aux.recipes.script import Script

recipe = Recipe("python")

# A build leaves out in silence what it lacks something for: both lists together are all that depends on a library.
_WITH = ("_bz2", "_curses", "_curses_panel", "_lzma", "zlib")
_WITHOUT = ("_ctypes", "_dbm", "_gdbm", "_hashlib", "_sqlite3", "_ssl", "_tkinter", "_uuid", "readline")
# Libraries that the final system, too, does without; and _dbm looks for headers where GDBM has none.
_NEVER = ("_dbm", "_tkinter")
# Of what comes with it, and needs something of the system that configure tries.
_OWN = (
    *("_decimal", "_multiprocessing", "_posixshmem", "_socket", "fcntl", "grp", "hashlib", "mmap", "pwd", "pyexpat"),
    *("resource", "select", "syslog", "termios", "threading"),
)
_LIBRARIES = ("bzip2", "expat", "gdbm", "libffi", "ncurses", "openssl", "readline", "util-linux", "xz", "zlib")
_OPTIONS = (
    "--enable-shared",
    "--without-static-libpython",
    "--disable-test-modules",  # half of what it installs
    "--without-ensurepip",  # there is no network to get packages from
)


@recipe.step("stage2")
def stage2(sh: Script) -> None:
    """python3, built by the system itself"""
    sh.unpack()
    sh.patch()
    sh.configure(
        f"--with-platlibdir={sh.abi.libdir}",  # where extension modules are
        *_OPTIONS,
        "--without-system-expat",
        *(f"py_cv_module_{module}=n/a" for module in _WITHOUT),
        env={"OPT": "-Wall"},  # not -g -O3 as well, which are hundreds of MB
    )
    sh.make()
    sh.install()
    sh.without_manuals()
    _finish(sh, (*_WITH, *_OWN))


@recipe.step("final")
def final(sh: Script) -> None:
    """python3, with all its modules but those for Tk and dbm"""
    sh.needs("pkgconf", "sqlite", *(f"{library}-{sh.abi.bits}" for library in _LIBRARIES))
    sh.unpack()
    sh.patch()
    sh.configure(
        f"--with-platlibdir={sh.abi.libdir}",
        *_OPTIONS,
        "--with-system-expat",
        "--without-system-libmpdec",
        "--with-readline=readline",
        *(f"py_cv_module_{module}=n/a" for module in _NEVER),
        env={"OPT": "-Wall"},
    )
    sh.make("PYTHONSTRICTEXTENSIONBUILD=1")  # it fails when any other module is missing
    sh.install()
    _finish(sh, (*_WITH, *_OWN, *(module for module in _WITHOUT if module not in _NEVER)))
    sh.sh("""
        find "$OUT" -name '*.opt-?.pyc' -delete  # for python -O and -OO, which compile without them
        rm -rf config-*/__pycache__  # there or not, as the parallel make of `make install` has it
        LD_LIBRARY_PATH="$BUILD" "$BUILD/python" -m compileall -q -s "$OUT" -p / "$PWD"/_sysconfigdata_*.py
    """)


def _finish(sh: Script, modules: Sequence[str]) -> None:
    sh.sh(f"""
        ln -s python3 "$OUT{sh.prefix}/bin/python"
        LD_LIBRARY_PATH=. ./python -c "import {", ".join(modules)}"
        # Where it was built is nothing to those who build modules with it.
        cd "$OUT{sh.libdir}"/python3.*
        rm __pycache__/_sysconfigdata_*
        sed -i "s,$SRC,{sh.prefix}/src,g; s,$BUILD,{sh.prefix}/src,g" _sysconfigdata_*.py config-*/Makefile config-*/*.c
    """)


@recipe.step("final", name="pip")
def pip(sh: Script) -> None:
    """pip, which installs Python's packages"""
    sh.toolchain()
    sh.needs("python", f"expat-{sh.abi.bits}", f"zlib-{sh.abi.bits}")
    # A wheel of it comes with Python.
    sh.sh(f"""
        bundled=$(echo {sh.libdir}/python3.*/ensurepip/_bundled)
        PYTHONPATH=$(echo "$bundled"/pip-*.whl)
        export PYTHONPATH
    """)
    install_wheel(sh, "pip", '"$bundled"')
