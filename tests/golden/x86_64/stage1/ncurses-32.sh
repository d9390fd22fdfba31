# needs: hostprep/ncurses cross/binutils cross/gcc-static cross/linux-headers cross/glibc-32 cross/glibc-64
# sources: ncurses-6.5.tar.gz
#!/bin/sh
set -eu
umask 022
mkdir -p "$SRC"
tar --no-same-owner --strip-components=1 -xf "$SOURCES/ncurses-6.5.tar.gz" -C "$SRC"
cd "$SRC"
mkdir -p "$BUILD"
cd "$BUILD"
CC='x86_64-ruckus-linux-gnu-gcc -m32' CXX=false CFLAGS=-O2 CXXFLAGS=-O2 AR=x86_64-ruckus-linux-gnu-ar NM=x86_64-ruckus-linux-gnu-nm OBJDUMP=x86_64-ruckus-linux-gnu-objdump RANLIB=x86_64-ruckus-linux-gnu-ranlib STRIP=x86_64-ruckus-linux-gnu-strip CC_FOR_BUILD='gcc -std=gnu17' PKG_CONFIG=false BUILD_CC='gcc -std=gnu17' "$SRC/configure" \
    --prefix=/tools \
    --build=x86_64-cross-linux-gnu \
    --host=i686-ruckus-linux-gnu \
    --libdir=/tools/lib \
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
    --with-pkg-config-libdir=/tools/lib/pkgconfig
make MAKEINFO=true
make install DESTDIR="$OUT" MAKEINFO=true
for manuals in doc info man; do
    rm -rf "$OUT/tools/share/$manuals"
done
cd "$OUT/tools"
rm -rf bin sbin etc share var libexec
find include ! -type d -delete
find include -type d -empty -delete
for name in ncurses form panel menu; do
    ln -s "lib${name}w.so" "$OUT/tools/lib/lib$name.so"
done
ln -s libncursesw.so "$OUT/tools/lib/libcurses.so"
