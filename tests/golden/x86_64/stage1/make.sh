# needs: cross/binutils cross/gcc-static cross/linux-headers cross/glibc-64
# sources: make-4.4.1.tar.gz
#!/bin/sh
set -eu
umask 022
mkdir -p "$SRC"
tar --no-same-owner --strip-components=1 -xf "$SOURCES/make-4.4.1.tar.gz" -C "$SRC"
cd "$SRC"
[ -e doc/Makefile.in ] || {
    mkdir -p doc
    echo "all install check clean:" > doc/Makefile.in
    touch doc/make.1
}
mkdir -p "$BUILD"
cd "$BUILD"
CC='x86_64-ruckus-linux-gnu-gcc -m64' CXX=false CFLAGS=-O2 CXXFLAGS=-O2 CC_FOR_BUILD='gcc -std=gnu17' PKG_CONFIG=false "$SRC/configure" \
    --prefix=/tools \
    --build=x86_64-cross-linux-gnu \
    --host=x86_64-ruckus-linux-gnu \
    --libdir=/tools/lib64 \
    --disable-nls \
    --disable-dependency-tracking \
    --without-guile
make MAKEINFO=true
make install DESTDIR="$OUT" MAKEINFO=true
for manuals in doc info man; do
    rm -rf "$OUT/tools/share/$manuals"
done
