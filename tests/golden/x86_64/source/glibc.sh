# sources: glibc-2.41.tar.xz
#!/bin/sh
set -eu
umask 022
mkdir -p "$SRC"
tar --no-same-owner --strip-components=1 --no-wildcards-match-slash --exclude='*/math/auto-libm-test-*' --exclude='*/ChangeLog.old' -xf "$SOURCES/glibc-2.41.tar.xz" -C "$SRC"
cd "$SRC"
