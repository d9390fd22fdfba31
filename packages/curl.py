# SPDX-License-Identifier: GPL-3.0-or-later
"""curl: fetches what URLs name."""

from ruckus_aux.recipes.recipe import Recipe

recipe = Recipe("curl").autotools(
    "final",
    needs=("openssl-{bits}", "zlib-{bits}", "zstd-{bits}", "pkgconf"),
    options=(
        "--with-openssl",
        "--with-ca-path=/etc/ssl/certs",
        "--without-ca-bundle",
        "--with-zlib",
        "--with-zstd",
        "--enable-threaded-resolver",
        # What the final system does not have:
        "--without-brotli",
        "--without-libidn2",
        "--without-libpsl",
        "--without-librtmp",
        "--without-libssh2",
        "--without-nghttp2",
        "--disable-ldap",
    ),
)
