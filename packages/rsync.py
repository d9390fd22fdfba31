# SPDX-License-Identifier: GPL-3.0-or-later
"""rsync: copies trees to builders, and brings results back."""

from ruckus_aux.recipes.recipe import Recipe
from ruckus_aux.recipes.script import Script

_OPTIONS = (
    "--disable-md2man",  # no manuals
    # The system's libraries, not the copies that upstream's tarball has and Debian's lacks:
    "--without-included-popt",
    "--without-included-zlib",
)
_OF_SYSTEM = ("popt", "acl-{bits}", "attr-{bits}", "lz4-{bits}", "openssl-{bits}", "zlib-{bits}", "zstd-{bits}")


def _add_files(sh: Script) -> None:
    """What Debian's tarball lacks."""
    sh.sh("mkdir -p zlib popt; touch zlib/dummy.in popt/dummy.in")


recipe = (
    Recipe("rsync")
    .autotools(
        "stage1",
        needs=("zlib-{bits}", "popt"),
        options=(
            *_OPTIONS,
            # Libraries that the temporary system lacks:
            "--disable-acl-support",
            "--disable-lz4",
            "--disable-openssl",
            "--disable-xattr-support",
            "--disable-xxhash",
            "--disable-zstd",
        ),
        before=_add_files,
    )
    .autotools("final", needs=_OF_SYSTEM, options=(*_OPTIONS, "--disable-xxhash"), before=_add_files)
)
