# needs: the-whole-system final/linux-headers final/glibc-32 final/glibc-64 final/binutils final/gcc final/gmp-64 final/mpfr final/mpc final/isl final/zlib-64
# sources: bzip2-1.0.8.tar.gz
#!/bin/sh
set -eu
umask 022
mkdir -p "$SRC"
tar --no-same-owner --strip-components=1 -xf "$SOURCES/bzip2-1.0.8.tar.gz" -C "$SRC"
cd "$SRC"
make CC='gcc -m32 -O2 -D_TIME_BITS=64 -D_FILE_OFFSET_BITS=64' -f Makefile-libbz2_so
make clean
make CC='gcc -m32 -O2 -D_TIME_BITS=64 -D_FILE_OFFSET_BITS=64' bzip2 bzip2recover libbz2.a
grep -qF -e 'ln -s -f $(PREFIX)/bin/' Makefile || { echo 'error: Makefile has no ln -s -f $(PREFIX)/bin/' >&2; exit 1; }
sed -i 's,ln -s -f \$(PREFIX)/bin/,ln -s -f ,g' Makefile
make install PREFIX="$OUT/usr"
mkdir "$OUT/usr/share"
mv "$OUT/usr/man" "$OUT/usr/share"
rm -r "$OUT/usr/lib"
mkdir -p "$OUT/usr/lib"
cp -a libbz2.so.* "$OUT/usr/lib"
ln -s libbz2.so.1.0.8 "$OUT/usr/lib/libbz2.so"
cp bzip2-shared "$OUT/usr/bin/bzip2"
ln -sf bzip2 "$OUT/usr/bin/bunzip2"
ln -sf bzip2 "$OUT/usr/bin/bzcat"
cd "$OUT/usr"
rm -rf bin sbin etc share var libexec "$OUT/etc" "$OUT/var"
find include ! -type d -delete
find include -type d -empty -delete
objects="^\(!<arch>\|$(printf '\177')ELF\)"
find "$OUT" -type f \( -name '*.[ao]' -o -name '*.so*' -o -perm -100 \) -exec grep -lZ "$objects" {} + \
    > "$HOME/objects" || [ $? = 1 ]  # where there are none
xargs -0 -r chmod u+w < "$HOME/objects"
grep -z '\.[ao]$' "$HOME/objects" | xargs -0 -r strip --strip-debug --enable-deterministic-archives
grep -zv '\.[ao]$' "$HOME/objects" | xargs -0 -r strip --strip-unneeded
