# needs: cross/binutils cross/gcc-static cross/linux-headers cross/glibc-64
# tools: m4 bison
# sources: flex-2.6.4.tar.gz
#!/bin/sh
set -eu
umask 022
mkdir -p "$SRC"
tar --no-same-owner --strip-components=1 -xf "$SOURCES/flex-2.6.4.tar.gz" -C "$SRC"
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
    ac_cv_path_M4=/tools/bin/m4 \
    ac_cv_func_malloc_0_nonnull=yes \
    ac_cv_func_realloc_0_nonnull=yes
make M4=m4 MAKEINFO=true
make install M4=m4 DESTDIR="$OUT" MAKEINFO=true
for manuals in doc info man; do
    rm -rf "$OUT/tools/share/$manuals"
done
