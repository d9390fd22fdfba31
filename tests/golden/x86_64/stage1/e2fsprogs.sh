# needs: cross/binutils cross/gcc-static cross/linux-headers cross/glibc-64
# sources: e2fsprogs-1.47.2.tar.xz
#!/bin/sh
set -eu
umask 022
mkdir -p "$SRC"
tar --no-same-owner --strip-components=1 -xf "$SOURCES/e2fsprogs-1.47.2.tar.xz" -C "$SRC"
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
    --disable-fsck \
    --disable-uuidd \
    --disable-e2initrd-helper \
    --with-udev-rules-dir=no \
    --with-systemd-unit-dir=no \
    --with-crond-dir=no
make MAKEINFO=true
make install DESTDIR="$OUT" MAKEINFO=true
for manuals in doc info man; do
    rm -rf "$OUT/tools/share/$manuals"
done
rm -r "$OUT/tools/lib64"
cd "$OUT/tools"
rm -r include share bin/compile_et bin/mk_cmds bin/uuidgen sbin/blkid sbin/findfs
