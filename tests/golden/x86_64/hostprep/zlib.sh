# sources: zlib-1.3.1.tar.xz
#!/bin/sh
set -eu
umask 022
mkdir -p "$SRC"
tar --no-same-owner --strip-components=1 -xf "$SOURCES/zlib-1.3.1.tar.xz" -C "$SRC"
cd "$SRC"
mkdir -p "$BUILD"
cd "$BUILD"
CC='gcc -std=gnu17' CXX='g++ -std=gnu++17' CFLAGS='-O2 -fPIC' CXXFLAGS=-O2 "$SRC/configure" \
    --static \
    --prefix=/hostprep
make
make install DESTDIR="$OUT"
