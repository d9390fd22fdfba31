# needs: hostprep/gmp
# sources: isl-0.27.tar.xz
#!/bin/sh
set -eu
umask 022
mkdir -p "$SRC"
tar --no-same-owner --strip-components=1 -xf "$SOURCES/isl-0.27.tar.xz" -C "$SRC"
cd "$SRC"
mkdir -p "$BUILD"
cd "$BUILD"
CC='gcc -std=gnu17' CXX='g++ -std=gnu++17' CFLAGS=-O2 CXXFLAGS=-O2 "$SRC/configure" \
    --prefix=/hostprep \
    --build=x86_64-cross-linux-gnu \
    --host=x86_64-cross-linux-gnu \
    --with-gmp-prefix=/hostprep \
    --disable-shared \
    --without-gcc-arch
make CFLAGS=-O2 MAKEINFO=true
make install CFLAGS=-O2 DESTDIR="$OUT" MAKEINFO=true
rm -f "$OUT/hostprep"/lib/*-gdb.py
