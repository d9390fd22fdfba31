# needs: the-whole-system final/adjusting final/linux-headers final/glibc-32 final/glibc-64
# sources: gmp-6.3.0.tar.xz
#!/bin/sh
set -eu
umask 022
mkdir -p "$SRC"
tar --no-same-owner --strip-components=1 -xf "$SOURCES/gmp-6.3.0.tar.xz" -C "$SRC"
cd "$SRC"
[ -e doc/Makefile.in ] || { mkdir -p doc; echo "all install check clean:" > doc/Makefile.in; }
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
    --enable-cxx \
    --includedir=/usr/include/m32/gmp
make MAKEINFO=true
make install includeexecdir=/usr/include/m32/gmp DESTDIR="$OUT" MAKEINFO=true
cd "$OUT/usr"
rm -rf bin sbin etc share var libexec "$OUT/etc" "$OUT/var"
find include ! -type d ! -path 'include/m32/gmp/*' -delete
find include -type d -empty -delete
ls include/m32/gmp/*
objects="^\(!<arch>\|$(printf '\177')ELF\)"
find "$OUT" -type f \( -name '*.[ao]' -o -name '*.so*' -o -perm -100 \) -exec grep -lZ "$objects" {} + \
    > "$HOME/objects" || [ $? = 1 ]  # where there are none
xargs -0 -r chmod u+w < "$HOME/objects"
grep -z '\.[ao]$' "$HOME/objects" | xargs -0 -r strip --strip-debug --enable-deterministic-archives
grep -zv '\.[ao]$' "$HOME/objects" | xargs -0 -r strip --strip-unneeded
