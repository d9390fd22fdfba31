# needs: the-whole-system final/acl-64 final/attr-64 final/linux-headers final/glibc-64 final/binutils final/gcc final/gmp-64 final/mpfr final/mpc final/isl final/zlib-64
# sources: tar-1.35.tar.xz
#!/bin/sh
set -eu
umask 022
mkdir -p "$SRC"
tar --no-same-owner --strip-components=1 -xf "$SOURCES/tar-1.35.tar.xz" -C "$SRC"
cd "$SRC"
mkdir -p "$BUILD"
cd "$BUILD"
CC='gcc -m64' CXX='g++ -m64' CFLAGS=-O2 CXXFLAGS=-O2 RSH=/usr/bin/ssh "$(realpath --relative-to=. "$SRC")/configure" \
    --prefix=/usr \
    --build=x86_64-ruckus-linux-gnu \
    --libdir=/usr/lib64 \
    --sysconfdir=/etc \
    --localstatedir=/var \
    --disable-static \
    --disable-dependency-tracking \
    --with-posix-acls \
    --with-xattrs \
    --without-selinux
make MAKEINFO=true
make install DESTDIR="$OUT" MAKEINFO=true
grep '^#define HAVE_POSIX_ACLS' config.h
grep '^#define HAVE_XATTRS' config.h
install -D -m 644 "$SRC/doc/tar.1" "$OUT/usr/share/man/man1/tar.1"
install -D -m 644 "$SRC/doc/rmt.8" "$OUT/usr/share/man/man8/rmt.8"
objects="^\(!<arch>\|$(printf '\177')ELF\)"
find "$OUT" -type f \( -name '*.[ao]' -o -name '*.so*' -o -perm -100 \) -exec grep -lZ "$objects" {} + \
    > "$HOME/objects" || [ $? = 1 ]  # where there are none
xargs -0 -r chmod u+w < "$HOME/objects"
grep -z '\.[ao]$' "$HOME/objects" | xargs -0 -r strip --strip-debug --enable-deterministic-archives
grep -zv '\.[ao]$' "$HOME/objects" | xargs -0 -r strip --strip-unneeded
