#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Make configure and Makefile.in from configure.ac and Makefile.am. A release tarball has them already.
set -eu
cd "$(dirname "$0")"
for program in autoconf automake; do
    command -v "$program" >/dev/null || {
        echo "autogen.sh: $program: not found; install it, for instance: apt-get install autoconf automake" >&2
        exit 1
    }
done
exec autoreconf --install --force "$@"
