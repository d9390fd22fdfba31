# needs: cross/binutils cross/gcc-static cross/linux-headers source/glibc
# tools: m4 bison gawk
#!/bin/sh
set -eu
umask 022
mkdir -p "$BUILD"
cd "$BUILD"
CC='x86_64-ruckus-linux-gnu-gcc -m32' CXX=false CFLAGS=-O2 CXXFLAGS=-O2 BUILD_CC='gcc -std=gnu17' MSGFMT=: "$SRC/configure" \
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
cd "$OUT/tools"
rm -rf bin sbin etc share var libexec
find include ! -type d ! -path 'include/gnu/*-32.h' -delete
find include -type d -empty -delete
ls include/gnu/*-32.h
