# sources: gawk-5.2.1.tar.xz
#!/bin/sh
set -eu
umask 022
mkdir -p "$SRC"
tar --no-same-owner --strip-components=1 -xf "$SOURCES/gawk-5.2.1.tar.xz" -C "$SRC"
cd "$SRC"
mkdir -p "$BUILD"
cd "$BUILD"
CC='gcc -std=gnu17' CXX='g++ -std=gnu++17' CFLAGS=-O2 CXXFLAGS=-O2 "$SRC/configure" \
    --prefix=/hostprep \
    --build=x86_64-cross-linux-gnu \
    --host=x86_64-cross-linux-gnu \
    --disable-extensions \
    --disable-nls \
    --disable-mpfr \
    --without-readline
make SUBDIRS='support . extras' MAKEINFO=true
make install SUBDIRS='support . extras' DESTDIR="$OUT" MAKEINFO=true
