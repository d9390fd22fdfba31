# needs: hostprep/zlib
# tools: m4
# sources: elfutils-0.192.tar.bz2
#!/bin/sh
set -eu
umask 022
mkdir -p "$SRC"
tar --no-same-owner --strip-components=1 -xf "$SOURCES/elfutils-0.192.tar.bz2" -C "$SRC"
cd "$SRC"
mkdir -p "$BUILD"
cd "$BUILD"
CC='gcc -std=gnu17' CXX='g++ -std=gnu++17' CFLAGS=-O2 CXXFLAGS=-O2 CPPFLAGS=-I/hostprep/include LDFLAGS=-L/hostprep/lib "$SRC/configure" \
    --prefix=/hostprep \
    --build=x86_64-cross-linux-gnu \
    --host=x86_64-cross-linux-gnu \
    --disable-debuginfod \
    --disable-libdebuginfod \
    --disable-nls \
    --without-bzlib \
    --without-lzma \
    --without-zstd
make -C lib MAKEINFO=true
make -C libelf MAKEINFO=true
make -C libelf install DESTDIR="$OUT" MAKEINFO=true
make -C config install-pkgconfigDATA DESTDIR="$OUT" MAKEINFO=true
