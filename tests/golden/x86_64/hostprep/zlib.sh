# sources: zlib-1.3.1.tar.xz
#!/bin/sh
set -eu
umask 022
mkdir -p "$SRC"
tar --no-same-owner --strip-components=1 -xf "$SOURCES/zlib-1.3.1.tar.xz" -C "$SRC"
cd "$SRC"
CC='gcc -std=gnu17' CFLAGS='-O2 -fPIC' ./configure --static --prefix=/hostprep
make
make install DESTDIR="$OUT"
