# needs: the-whole-system final/linux-headers final/glibc-64 final/binutils final/gcc final/gmp-64 final/mpfr final/mpc final/isl final/zlib-64
# sources: pkgconf
#!/bin/sh
set -eu
umask 022
mkdir -p "$SRC"
tar --no-same-owner --strip-components=1 -xf "$SOURCES/pkgconf" -C "$SRC"
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
    --with-system-includedir=/usr/include \
    --with-system-libdir=/usr/lib64
make MAKEINFO=true
make install DESTDIR="$OUT" MAKEINFO=true
ln -s pkgconf "$OUT/usr/bin/pkg-config"
mkdir -p "$OUT/usr/share/pkgconfig/personality.d"
cat > "$OUT/usr/share/pkgconfig/personality.d/i686-ruckus-linux-gnu.personality" <<'END'
Triplet: i686-ruckus-linux-gnu
SysrootDir: /
DefaultSearchPaths: /usr/lib/pkgconfig:/usr/share/pkgconfig
SystemIncludePaths: /usr/include
SystemLibraryPaths: /usr/lib
END
ln -s pkgconf "$OUT/usr/bin/i686-ruckus-linux-gnu-pkg-config"
objects="^\(!<arch>\|$(printf '\177')ELF\)"
find "$OUT" -type f \( -name '*.[ao]' -o -name '*.so*' -o -perm -100 \) -exec grep -lZ "$objects" {} + \
    > "$HOME/objects" || [ $? = 1 ]  # where there are none
xargs -0 -r chmod u+w < "$HOME/objects"
grep -z '\.[ao]$' "$HOME/objects" | xargs -0 -r strip --strip-debug --enable-deterministic-archives
grep -zv '\.[ao]$' "$HOME/objects" | xargs -0 -r strip --strip-unneeded
