# needs: the-whole-system final/adjusting final/gmp-64 final/linux-headers final/glibc-64
# sources: isl-0.27.tar.xz
#!/bin/sh
set -eu
umask 022
mkdir -p "$SRC"
tar --no-same-owner --strip-components=1 -xf "$SOURCES/isl-0.27.tar.xz" -C "$SRC"
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
    --without-gcc-arch
make CFLAGS=-O2 MAKEINFO=true
make install CFLAGS=-O2 DESTDIR="$OUT" MAKEINFO=true
rm -f "$OUT/usr/lib64"/*-gdb.py
objects="^\(!<arch>\|$(printf '\177')ELF\)"
find "$OUT" -type f \( -name '*.[ao]' -o -name '*.so*' -o -perm -100 \) -exec grep -lZ "$objects" {} + \
    > "$HOME/objects" || [ $? = 1 ]  # where there are none
xargs -0 -r chmod u+w < "$HOME/objects"
grep -z '\.[ao]$' "$HOME/objects" | xargs -0 -r strip --strip-debug --enable-deterministic-archives
grep -zv '\.[ao]$' "$HOME/objects" | xargs -0 -r strip --strip-unneeded
