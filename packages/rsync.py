# SPDX-License-Identifier: GPL-3.0-or-later
"""rsync: copies trees to builders, and brings results back."""

from ruckus_aux.recipes.recipe import Recipe

recipe = Recipe("rsync").autotools(
    "stage1",
    needs=("zlib-{bits}", "popt"),
    options=(
        "--disable-md2man",  # no manuals
        # The system's libraries, not the copies that upstream's tarball has and Debian's lacks:
        "--without-included-popt",
        "--without-included-zlib",
        # Libraries that the temporary system lacks:
        "--disable-acl-support",
        "--disable-lz4",
        "--disable-openssl",
        "--disable-xattr-support",
        "--disable-xxhash",
        "--disable-zstd",
    ),
    before=lambda sh: sh.sh("mkdir -p zlib popt; touch zlib/dummy.in popt/dummy.in"),  # not in Debian's tarball
)
