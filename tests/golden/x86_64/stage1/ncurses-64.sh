# needs: hostprep/ncurses cross/binutils cross/gcc-static cross/linux-headers cross/glibc-64
# sources: ncurses-6.5.tar.gz
#!/bin/sh
set -eu
umask 022
mkdir -p "$SRC"
tar --no-same-owner --strip-components=1 -xf "$SOURCES/ncurses-6.5.tar.gz" -C "$SRC"
cd "$SRC"
mkdir -p "$BUILD"
cd "$BUILD"
CC='x86_64-ruckus-linux-gnu-gcc -m64' CXX=false CFLAGS=-O2 CXXFLAGS=-O2 CC_FOR_BUILD='gcc -std=gnu17' PKG_CONFIG=false BUILD_CC='gcc -std=gnu17' "$SRC/configure" \
    --prefix=/tools \
    --build=x86_64-cross-linux-gnu \
    --host=x86_64-ruckus-linux-gnu \
    --libdir=/tools/lib64 \
    --disable-nls \
    --disable-dependency-tracking \
    --with-shared \
    --without-normal \
    --without-debug \
    --without-ada \
    --without-cxx \
    --without-cxx-binding \
    --without-manpages \
    --without-tests \
    --enable-widec \
    --enable-overwrite \
    --disable-stripping \
    --enable-pc-files \
    --with-pkg-config-libdir=/tools/lib64/pkgconfig
make MAKEINFO=true
make install DESTDIR="$OUT" MAKEINFO=true
for manuals in doc info man; do
    rm -rf "$OUT/tools/share/$manuals"
done
for name in ncurses form panel menu; do
    ln -s "lib${name}w.so" "$OUT/tools/lib64/lib$name.so"
done
ln -s libncursesw.so "$OUT/tools/lib64/libcurses.so"
