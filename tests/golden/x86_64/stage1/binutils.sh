# needs: stage1/zlib-64 source/binutils cross/binutils cross/gcc-static cross/linux-headers cross/glibc-64
# tools: m4 bison flex
#!/bin/sh
set -eu
umask 022
mkdir -p "$BUILD"
cd "$BUILD"
CC='x86_64-ruckus-linux-gnu-gcc -m64' CXX=false CFLAGS=-O2 CXXFLAGS=-O2 CC_FOR_BUILD='gcc -std=gnu17' PKG_CONFIG=false "$SRC/configure" \
    --prefix=/tools \
    --build=x86_64-cross-linux-gnu \
    --host=x86_64-ruckus-linux-gnu \
    --libdir=/tools/lib64 \
    --disable-nls \
    --disable-dependency-tracking \
    --target=x86_64-ruckus-linux-gnu \
    --enable-shared \
    --disable-static \
    --with-system-zlib \
    --with-lib-path=/tools/lib64:/tools/lib \
    --enable-64-bit-bfd \
    --enable-deterministic-archives \
    --disable-werror \
    --disable-gprofng \
    --disable-gdb \
    --disable-gdbserver \
    --disable-sim \
    --without-zstd \
    --without-debuginfod \
    --without-msgpack
make MAKEINFO=true
make install DESTDIR="$OUT" MAKEINFO=true
for manuals in doc info man; do
    rm -rf "$OUT/tools/share/$manuals"
done
