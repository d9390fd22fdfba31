# needs: source/binutils
# tools: m4 bison flex
# objects: binutils 
# layout: --with-lib-path=
#!/bin/sh
set -eu
umask 022
mkdir -p "$BUILD"
cd "$BUILD"
CC='gcc -std=gnu17' CXX='g++ -std=gnu++17' CFLAGS=-O2 CXXFLAGS=-O2 "$SRC/configure" \
    --prefix=/cross-tools \
    --build=x86_64-cross-linux-gnu \
    --host=x86_64-cross-linux-gnu \
    --target=x86_64-ruckus-linux-gnu \
    --with-sysroot=/ \
    --with-lib-path=/tools/lib64:/tools/lib \
    --enable-64-bit-bfd \
    --enable-deterministic-archives \
    --disable-nls \
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
