# needs: hostprep/file
# sources: ncurses-6.5.tar.gz
#!/bin/sh
set -eu
umask 022
mkdir -p "$SRC"
tar --no-same-owner --strip-components=1 -xf "$SOURCES/ncurses-6.5.tar.gz" -C "$SRC"
cd "$SRC"
mkdir -p "$BUILD"
cd "$BUILD"
CC='gcc -std=gnu17' CXX='g++ -std=gnu++17' CFLAGS=-O2 CXXFLAGS=-O2 "$SRC/configure" \
    --prefix=/hostprep \
    --build=x86_64-cross-linux-gnu \
    --host=x86_64-cross-linux-gnu \
    --without-shared \
    --without-debug \
    --without-cxx \
    --without-cxx-binding \
    --without-ada
make -C include MAKEINFO=true
make -C progs tic MAKEINFO=true
mkdir -p "$OUT/hostprep/bin"
cp progs/tic "$OUT/hostprep/bin"
