# sources: file-5.46.tar.gz
#!/bin/sh
set -eu
umask 022
mkdir -p "$SRC"
tar --no-same-owner --strip-components=1 -xf "$SOURCES/file-5.46.tar.gz" -C "$SRC"
cd "$SRC"
mkdir -p "$BUILD"
cd "$BUILD"
CC='gcc -std=gnu17' CXX='g++ -std=gnu++17' CFLAGS=-O2 CXXFLAGS=-O2 "$SRC/configure" \
    --prefix=/hostprep \
    --build=x86_64-cross-linux-gnu \
    --host=x86_64-cross-linux-gnu \
    --disable-shared \
    --disable-zlib \
    --disable-libseccomp \
    --disable-bzlib \
    --disable-xzlib \
    --disable-lzlib \
    --disable-zstdlib
make MAKEINFO=true
make install DESTDIR="$OUT" MAKEINFO=true
