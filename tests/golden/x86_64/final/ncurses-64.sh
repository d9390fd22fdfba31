# needs: the-whole-system final/linux-headers final/glibc-64 final/binutils final/gcc final/gmp-64 final/mpfr final/mpc final/isl final/zlib-64
# sources: ncurses-6.5.tar.gz
#!/bin/sh
set -eu
umask 022
mkdir -p "$SRC"
tar --no-same-owner --strip-components=1 -xf "$SOURCES/ncurses-6.5.tar.gz" -C "$SRC"
cd "$SRC"
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
    --with-shared \
    --without-normal \
    --without-debug \
    --without-ada \
    --with-cxx-shared \
    --with-manpage-format=normal \
    --mandir=/usr/share/man \
    --without-tests \
    --enable-widec \
    --enable-overwrite \
    --disable-stripping \
    --enable-pc-files \
    --with-pkg-config-libdir=/usr/lib64/pkgconfig \
    cf_cv_ld_searchpath='/usr/lib64 /usr/lib'
make MAKEINFO=true
make install DESTDIR="$OUT" MAKEINFO=true
for name in ncurses form panel menu; do
    ln -s "lib${name}w.so" "$OUT/usr/lib64/lib$name.so"
done
ln -s libncursesw.so "$OUT/usr/lib64/libcurses.so"
for name in ncurses form panel menu; do
    ln -s "${name}w.pc" "$OUT/usr/lib64/pkgconfig/$name.pc"
done
sed -i "s,$SRC/,,g" "$OUT/usr/include/curses.h" "$OUT/usr/share/man/man5/terminfo.5"
grep -qF -e '#if defined(_XOPEN_SOURCE_EXTENDED)' "$OUT/usr/include/curses.h" || { echo 'error: $OUT/usr/include/curses.h has no #if defined(_XOPEN_SOURCE_EXTENDED)' >&2; exit 1; }
sed -i 's,#if defined(_XOPEN_SOURCE_EXTENDED),#if 1,g' "$OUT/usr/include/curses.h"
objects="^\(!<arch>\|$(printf '\177')ELF\)"
find "$OUT" -type f \( -name '*.[ao]' -o -name '*.so*' -o -perm -100 \) -exec grep -lZ "$objects" {} + \
    > "$HOME/objects" || [ $? = 1 ]  # where there are none
xargs -0 -r chmod u+w < "$HOME/objects"
grep -z '\.[ao]$' "$HOME/objects" | xargs -0 -r strip --strip-debug --enable-deterministic-archives
grep -zv '\.[ao]$' "$HOME/objects" | xargs -0 -r strip --strip-unneeded
