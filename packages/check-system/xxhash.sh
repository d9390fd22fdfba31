# shellcheck shell=sh
cd "$SRC"
make
make test_sanity test-xxhsum-c
make install prefix=/usr DESTDIR="$OUT"
