# needs: the-whole-system final/util-linux-64 final/acl-64 final/attr-64 final/file-64 final/pkgconf final/linux-headers final/glibc-64 final/binutils final/gcc final/gmp-64 final/mpfr final/mpc final/isl final/zlib-64
# sources: e2fsprogs-1.47.2.tar.xz
#!/bin/sh
set -eu
umask 022
mkdir -p "$SRC"
tar --no-same-owner --strip-components=1 -xf "$SOURCES/e2fsprogs-1.47.2.tar.xz" -C "$SRC"
cd "$SRC"
BUILD=$SRC
mkdir -p "$BUILD"
cd "$BUILD"
CC='gcc -m64' CXX='g++ -m64' CFLAGS=-O2 CXXFLAGS=-O2 "$(realpath --relative-to=. "$SRC")/configure" \
    --prefix=/usr \
    --build=x86_64-ruckus-linux-gnu \
    --libdir=/usr/lib64 \
    --sysconfdir=/etc \
    --localstatedir=/var \
    --disable-static \
    --disable-dependency-tracking \
    --disable-fsck \
    --disable-uuidd \
    --disable-e2initrd-helper \
    --with-udev-rules-dir=no \
    --with-systemd-unit-dir=no \
    --with-crond-dir=no \
    --enable-elf-shlibs \
    --disable-libblkid \
    --disable-libuuid \
    --disable-fuse2fs \
    --without-libarchive
make MAKEINFO=true
make install DESTDIR="$OUT" MAKEINFO=true
grep '^#define HAVE_SYS_ACL_H 1' lib/config.h
grep '^#define HAVE_MAGIC_H 1' lib/config.h  # mke2fs says what it is about to overwrite
rm "$OUT/usr/lib64"/lib*.a
objects="^\(!<arch>\|$(printf '\177')ELF\)"
find "$OUT" -type f \( -name '*.[ao]' -o -name '*.so*' -o -perm -100 \) -exec grep -lZ "$objects" {} + \
    > "$HOME/objects" || [ $? = 1 ]  # where there are none
xargs -0 -r chmod u+w < "$HOME/objects"
grep -z '\.[ao]$' "$HOME/objects" | xargs -0 -r strip --strip-debug --enable-deterministic-archives
grep -zv '\.[ao]$' "$HOME/objects" | xargs -0 -r strip --strip-unneeded
