# sources: binutils-2.44.tar.xz
#!/bin/sh
set -eu
umask 022
mkdir -p "$SRC"
tar --no-same-owner --strip-components=1 --no-wildcards-match-slash --exclude='*/gas/testsuite' --exclude='*/ld/testsuite' -xf "$SOURCES/binutils-2.44.tar.xz" -C "$SRC"
cd "$SRC"
