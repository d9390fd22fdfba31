# needs: hostprep/autoconf hostprep/automake hostprep/file
# tools: m4
# sources: libtool-2.5.4.tar.xz
#!/bin/sh
set -eu
umask 022
mkdir -p "$SRC"
tar --no-same-owner --strip-components=1 -xf "$SOURCES/libtool-2.5.4.tar.xz" -C "$SRC"
cd "$SRC"
mkdir -p "$BUILD"
cd "$BUILD"
CC='gcc -std=gnu17' CXX='g++ -std=gnu++17' CFLAGS=-O2 CXXFLAGS=-O2 "$SRC/configure" \
    --prefix=/hostprep \
    --build=x86_64-cross-linux-gnu \
    --host=x86_64-cross-linux-gnu \
    --disable-ltdl-install
make MAKEINFO=true
make install DESTDIR="$OUT" MAKEINFO=true
