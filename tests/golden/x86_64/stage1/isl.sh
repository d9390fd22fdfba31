# needs: stage1/gmp cross/binutils cross/gcc-static cross/linux-headers cross/glibc-64
# sources: isl-0.27.tar.xz
#!/bin/sh
set -eu
umask 022
mkdir -p "$SRC"
tar --no-same-owner --strip-components=1 -xf "$SOURCES/isl-0.27.tar.xz" -C "$SRC"
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
    --disable-static \
    --without-gcc-arch
make CFLAGS=-O2 MAKEINFO=true
make install CFLAGS=-O2 DESTDIR="$OUT" MAKEINFO=true
for manuals in doc info man; do
    rm -rf "$OUT/tools/share/$manuals"
done
rm -f "$OUT/tools/lib64"/*-gdb.py
