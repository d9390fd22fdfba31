# SPDX-License-Identifier: GPL-3.0-or-later
"""git: versions of sources (its manual would need asciidoc)."""

from ruckus_aux.recipes.recipe import Recipe
from ruckus_aux.recipes.script import Script

recipe = Recipe("git").autotools(
    "final",
    needs=("curl", "expat-{bits}", "openssl-{bits}", "zlib-{bits}", "zstd-{bits}"),
    make=("INSTALL_SYMLINKS=1", "PYTHON_PATH=/usr/bin/python3"),
    before=Script.in_source,
    after=lambda sh: sh.sh("""
        completions="$OUT/usr/share/bash-completion/completions"
        install -D -m 644 contrib/completion/git-completion.bash "$completions/git"
        programs="$OUT/usr/libexec/git-core"
        for library in curl expat ssl; do
            readelf -d "$programs/git-http-push" "$programs/git-imap-send" | grep -F "[lib$library.so"
        done
    """),
    options=("--with-curl", "--with-expat", "--with-openssl", "--without-libpcre2", "--without-tcltk"),
)
