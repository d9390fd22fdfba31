# needs: the-whole-system final/linux-headers final/glibc-32 final/glibc-64 final/binutils final/gcc final/gmp-64 final/mpfr final/mpc final/isl final/zlib-64
# sources: ncurses-6.5.tar.gz
#!/bin/sh
set -eu
umask 022
mkdir -p "$SRC"
tar --no-same-owner --strip-components=1 -xf "$SOURCES/ncurses-6.5.tar.gz" -C "$SRC"
cd "$SRC"
mkdir -p "$BUILD"
cd "$BUILD"
CC='gcc -m32' CXX='g++ -m32' CFLAGS='-O2 -D_TIME_BITS=64 -D_FILE_OFFSET_BITS=64' CXXFLAGS='-O2 -D_TIME_BITS=64 -D_FILE_OFFSET_BITS=64' "$(realpath --relative-to=. "$SRC")/configure" \
    --prefix=/usr \
    --build=i686-ruckus-linux-gnu \
    --libdir=/usr/lib \
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
    --with-pkg-config-libdir=/usr/lib/pkgconfig \
    cf_cv_ld_searchpath='/usr/lib /usr/lib'
make MAKEINFO=true
make install DESTDIR="$OUT" MAKEINFO=true
cd "$OUT/usr"
rm -rf bin sbin etc share var libexec "$OUT/etc" "$OUT/var"
find include ! -type d -delete
find include -type d -empty -delete
for name in ncurses form panel menu; do
    ln -s "lib${name}w.so" "$OUT/usr/lib/lib$name.so"
done
ln -s libncursesw.so "$OUT/usr/lib/libcurses.so"
for name in ncurses form panel menu; do
    ln -s "${name}w.pc" "$OUT/usr/lib/pkgconfig/$name.pc"
done
objects="^\(!<arch>\|$(printf '\177')ELF\)"
find "$OUT" -type f \( -name '*.[ao]' -o -name '*.so*' -o -perm -100 \) -exec grep -lZ "$objects" {} + \
    > "$HOME/objects" || [ $? = 1 ]  # where there are none
xargs -0 -r chmod u+w < "$HOME/objects"
grep -z '\.[ao]$' "$HOME/objects" | xargs -0 -r strip --strip-debug --enable-deterministic-archives
grep -zv '\.[ao]$' "$HOME/objects" | xargs -0 -r strip --strip-unneeded
