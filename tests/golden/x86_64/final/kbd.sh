# needs: the-whole-system final/autoconf final/automake final/libtool final/pkgconf final/gettext final/ncurses-64 final/linux-headers final/glibc-64 final/binutils final/gcc final/gmp-64 final/mpfr final/mpc final/isl final/zlib-64
# sources: kbd-2.7.1.tar.xz
#!/bin/sh
set -eu
umask 022
mkdir -p "$SRC"
tar --no-same-owner --strip-components=1 -xf "$SOURCES/kbd-2.7.1.tar.xz" -C "$SRC"
cd "$SRC"
BUILD=$SRC
grep -qF -e 'x86_64*) RESIZECONS_PROGS=yes' configure.ac || { echo 'error: configure.ac has no x86_64*) RESIZECONS_PROGS=yes' >&2; exit 1; }
sed -i 's,x86_64\*) RESIZECONS_PROGS=yes,x86_64*) RESIZECONS_PROGS=no ,g' configure.ac
grep -qF -e 'i?86*)   RESIZECONS_PROGS=yes' configure.ac || { echo 'error: configure.ac has no i?86*)   RESIZECONS_PROGS=yes' >&2; exit 1; }
sed -i 's,i?86\*)   RESIZECONS_PROGS=yes,i?86*)   RESIZECONS_PROGS=no ,g' configure.ac
[ -e configure ] || autoreconf -fi
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
    --disable-vlock \
    --disable-tests \
    --disable-compress
make MAKEINFO=true
make install DESTDIR="$OUT" MAKEINFO=true
objects="^\(!<arch>\|$(printf '\177')ELF\)"
find "$OUT" -type f \( -name '*.[ao]' -o -name '*.so*' -o -perm -100 \) -exec grep -lZ "$objects" {} + \
    > "$HOME/objects" || [ $? = 1 ]  # where there are none
xargs -0 -r chmod u+w < "$HOME/objects"
grep -z '\.[ao]$' "$HOME/objects" | xargs -0 -r strip --strip-debug --enable-deterministic-archives
grep -zv '\.[ao]$' "$HOME/objects" | xargs -0 -r strip --strip-unneeded
