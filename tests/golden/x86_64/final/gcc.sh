# needs: the-whole-system final/adjusting final/binutils final/gmp-64 final/mpfr final/mpc final/isl final/zlib-32 final/zlib-64 final/glibc-32 final/glibc-64 final/linux-headers
# sources: gcc-14.2.0.tar.xz
# layout: --libdir= multilib gcc/config/i386/t-linux64 gdb gnu-user-common.h LD=
#!/bin/sh
set -eu
umask 022
mkdir -p "$SRC"
tar --no-same-owner --strip-components=1 --no-wildcards-match-slash --exclude='*/gcc/testsuite/[!s]*' --exclude='*/libstdc++-v3/testsuite/[0-9]*' --exclude='*/gcc/po/*.po' --exclude='*/gcc/ada' --exclude='*/gnattools' --exclude='*/libada' --exclude='*/gcc/fortran' --exclude='*/libgfortran' --exclude='*/gcc/m2' --exclude='*/libgm2' --exclude='*/libgo' --exclude='*/libphobos' -xf "$SOURCES/gcc-14.2.0.tar.xz" -C "$SRC"
cd "$SRC"
grep -qF -e '"%{posix:' gcc/config/i386/gnu-user-common.h || { echo 'error: gcc/config/i386/gnu-user-common.h has no "%{posix:' >&2; exit 1; }
sed -i 's,"%{posix:,"%{m32:-D_TIME_BITS=64 -D_FILE_OFFSET_BITS=64} %{posix:,g' gcc/config/i386/gnu-user-common.h
export LD=ld  # The final one links its libraries, and not the temporary compiler's.
mkdir -p "$BUILD"
cd "$BUILD"
CC='gcc -m64' CXX='g++ -m64' CFLAGS=-O2 CXXFLAGS=-O2 CFLAGS_FOR_TARGET=-O2 CXXFLAGS_FOR_TARGET=-O2 "$(realpath --relative-to=. "$SRC")/configure" \
    --prefix=/usr \
    --build=x86_64-ruckus-linux-gnu \
    --libdir=/usr/lib64 \
    --sysconfdir=/etc \
    --localstatedir=/var \
    --disable-dependency-tracking \
    --target=x86_64-ruckus-linux-gnu \
    --enable-languages=c,c++ \
    --enable-multilib \
    --with-multilib-list=m32,m64 \
    --enable-static \
    --without-static-standard-libraries \
    --disable-bootstrap \
    --disable-fixincludes \
    --disable-libstdcxx-pch \
    --disable-libsanitizer \
    --disable-libvtv \
    --enable-__cxa_atexit \
    --with-system-zlib \
    --without-zstd
make MAKEINFO=true
make install DESTDIR="$OUT" MAKEINFO=true
rm "$OUT/usr/bin/lto-dump"  # as large as the compiler, for those who develop it
rm -r "$OUT/usr/share/man"  # empty files: Debian's source is without manuals
ln -s gcc "$OUT/usr/bin/cc"
ln -s ../bin/cpp "$OUT/usr/lib/cpp"
mkdir -p "$OUT/usr/share/gdb/auto-load/usr/lib64"
mv "$OUT/usr/lib64"/*gdb.py "$OUT/usr/share/gdb/auto-load/usr/lib64"
mkdir -p "$OUT/usr/share/gdb/auto-load/usr/lib"
mv "$OUT/usr/lib"/*gdb.py "$OUT/usr/share/gdb/auto-load/usr/lib"
objects="^\(!<arch>\|$(printf '\177')ELF\)"
find "$OUT" -type f \( -name '*.[ao]' -o -name '*.so*' -o -perm -100 \) -exec grep -lZ "$objects" {} + \
    > "$HOME/objects" || [ $? = 1 ]  # where there are none
xargs -0 -r chmod u+w < "$HOME/objects"
grep -z '\.[ao]$' "$HOME/objects" | xargs -0 -r strip --strip-debug --enable-deterministic-archives
grep -zv '\.[ao]$' "$HOME/objects" | xargs -0 -r strip --strip-unneeded
