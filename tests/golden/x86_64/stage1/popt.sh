# needs: cross/binutils cross/gcc-static cross/linux-headers cross/glibc-64
# sources: popt-1.19.tar.gz
#!/bin/sh
set -eu
umask 022
mkdir -p "$SRC"
tar --no-same-owner --strip-components=1 -xf "$SOURCES/popt-1.19.tar.gz" -C "$SRC"
cd "$SRC"
mkdir -p "$BUILD"
cd "$BUILD"
CC='x86_64-ruckus-linux-gnu-gcc -m64' CXX=false CFLAGS=-O2 CXXFLAGS=-O2 CC_FOR_BUILD='gcc -std=gnu17' PKG_CONFIG=false "$SRC/configure" \
    --prefix=/tools \
    --build=x86_64-cross-linux-gnu \
    --host=x86_64-ruckus-linux-gnu \
    --libdir=/tools/lib64 \
    --disable-nls \
    --disable-dependency-tracking \
    --disable-static
make MAKEINFO=true
make install DESTDIR="$OUT" MAKEINFO=true
for manuals in doc info man; do
    rm -rf "$OUT/tools/share/$manuals"
done
