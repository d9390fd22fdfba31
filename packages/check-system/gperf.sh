# shellcheck shell=sh
"$SRC/configure" --prefix=/usr
make
make check
make install DESTDIR="$OUT"
