# SPDX-License-Identifier: GPL-3.0-or-later
"""Packages of Python's: pip builds and installs them, without a network."""

from ruckus_aux.recipes.script import Script

_ALONE = "--no-index --no-deps --no-cache-dir"


def build_wheel(sh: Script) -> None:
    """Build a wheel of the current directory's package, in $BUILD, with what the step needs and no more."""
    sh.sh(f'python3 -m pip wheel {_ALONE} --no-build-isolation --use-pep517 --wheel-dir="$BUILD" .')


def install_wheel(sh: Script, name: str, folder: str = '"$BUILD"') -> None:
    """Install a wheel into $OUT.

    Args:
        sh: The step.
        name: The package, as pip knows it.
        folder: Where its wheel is, as shell.
    """
    # pip installs nothing that is there already, and compiles with the paths of now. What Python loads when it starts
    # (*.pth, without -S) would be compiled otherwise.
    sh.sh(f"""
        python3 -m pip install {_ALONE} --ignore-installed --no-compile --root="$OUT" --find-links={folder} {name}
        python3 -S -m compileall -q -s "$OUT" -p / --invalidation-mode unchecked-hash "$OUT{sh.prefix}"/lib*/python3*
    """)
