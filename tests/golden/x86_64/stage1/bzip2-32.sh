# needs: cross/binutils cross/gcc-static cross/linux-headers cross/glibc-32 cross/glibc-64
# sources: bzip2-1.0.8.tar.gz
#!/bin/sh
set -eu
umask 022
mkdir -p "$SRC"
tar --no-same-owner --strip-components=1 -xf "$SOURCES/bzip2-1.0.8.tar.gz" -C "$SRC"
cd "$SRC"
make CC='x86_64-ruckus-linux-gnu-gcc -m32' AR=x86_64-ruckus-linux-gnu-ar RANLIB=x86_64-ruckus-linux-gnu-ranlib -f Makefile-libbz2_so
make clean
make CC='x86_64-ruckus-linux-gnu-gcc -m32' AR=x86_64-ruckus-linux-gnu-ar RANLIB=x86_64-ruckus-linux-gnu-ranlib bzip2 bzip2recover libbz2.a
grep -qF -e 'ln -s -f $(PREFIX)/bin/' Makefile || { echo 'error: Makefile has no ln -s -f $(PREFIX)/bin/' >&2; exit 1; }
sed -i 's,ln -s -f \$(PREFIX)/bin/,ln -s -f ,g' Makefile
make install PREFIX="$OUT/tools"
rm -r "$OUT/tools/man" "$OUT/tools/lib"
mkdir -p "$OUT/tools/lib"
cp -a libbz2.so.* "$OUT/tools/lib"
ln -s libbz2.so.1.0.8 "$OUT/tools/lib/libbz2.so"
cp bzip2-shared "$OUT/tools/bin/bzip2"
ln -sf bzip2 "$OUT/tools/bin/bunzip2"
ln -sf bzip2 "$OUT/tools/bin/bzcat"
cd "$OUT/tools"
rm -rf bin sbin etc share var libexec
find include ! -type d -delete
find include -type d -empty -delete
