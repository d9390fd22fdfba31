# needs: cross/binutils cross/gcc-static cross/linux-headers source/glibc
# tools: m4 bison gawk
#!/bin/sh
set -eu
umask 022
mkdir -p "$BUILD"
cd "$BUILD"
BUILD_CC='gcc -std=gnu17' CXX=false CC='x86_64-ruckus-linux-gnu-gcc -m32' CFLAGS=-O2 "$SRC/configure" \
    --prefix=/tools \
    --build=x86_64-cross-linux-gnu \
    --host=i686-ruckus-linux-gnu \
    --libdir=/tools/lib \
    --with-headers=/tools/include \
    --with-binutils=/cross-tools/bin \
    --disable-werror \
    --disable-nscd \
    --without-selinux \
    libc_cv_slibdir=/tools/lib \
    libc_cv_rtlddir=/tools/lib
make MAKEINFO=:
make install MAKEINFO=: install_root="$OUT"
mkdir -p "$OUT/tools/lib"
rm -rf "$OUT/tools/bin" "$OUT/tools/sbin" "$OUT/tools/etc" "$OUT/tools/share" "$OUT/tools/var" "$OUT/tools/libexec"
find "$OUT/tools/include" -type f ! -path '*/gnu/*-32.h' -delete
find "$OUT/tools/include" -type d -empty -delete
ls "$OUT/tools/include/gnu/stubs-32.h"
