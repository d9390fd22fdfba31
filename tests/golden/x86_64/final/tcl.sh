# needs: the-whole-system final/zlib-64 final/linux-headers final/glibc-64 final/binutils final/gcc final/gmp-64 final/mpfr final/mpc final/isl
# sources: tcl8.6.16-src.tar.gz
#!/bin/sh
set -eu
umask 022
mkdir -p "$SRC"
tar --no-same-owner --strip-components=1 -xf "$SOURCES/tcl8.6.16-src.tar.gz" -C "$SRC"
cd "$SRC"
SRC=$SRC/unix
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
    --disable-rpath \
    --mandir=/usr/share/man
make binaries libraries MAKEINFO=true
sed -i "s,$BUILD,/usr/lib64,g; s,${SRC%/unix},/usr/include,g" tclConfig.sh
make install-binaries install-libraries install-headers install-private-headers install-msgs install-doc DESTDIR="$OUT" MAKEINFO=true
ln -s tclsh8.6 "$OUT/usr/bin/tclsh"
mv "$OUT/usr/share/man/man3/Thread.3" "$OUT/usr/share/man/man3/Tcl_Thread.3"  # perl has one (LFS)
objects="^\(!<arch>\|$(printf '\177')ELF\)"
find "$OUT" -type f \( -name '*.[ao]' -o -name '*.so*' -o -perm -100 \) -exec grep -lZ "$objects" {} + \
    > "$HOME/objects" || [ $? = 1 ]  # where there are none
xargs -0 -r chmod u+w < "$HOME/objects"
grep -z '\.[ao]$' "$HOME/objects" | xargs -0 -r strip --strip-debug --enable-deterministic-archives
grep -zv '\.[ao]$' "$HOME/objects" | xargs -0 -r strip --strip-unneeded
