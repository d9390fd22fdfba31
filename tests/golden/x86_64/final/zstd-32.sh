# needs: the-whole-system final/linux-headers final/glibc-32 final/glibc-64 final/binutils final/gcc final/gmp-64 final/mpfr final/mpc final/isl final/zlib-64
# sources: zstd-1.5.7.tar.gz
#!/bin/sh
set -eu
umask 022
mkdir -p "$SRC"
tar --no-same-owner --strip-components=1 -xf "$SOURCES/zstd-1.5.7.tar.gz" -C "$SRC"
cd "$SRC"
make -C lib CC="gcc -m32 -O2 -D_TIME_BITS=64 -D_FILE_OFFSET_BITS=64 -ffile-prefix-map=$SRC=." PREFIX=/usr LIBDIR=/usr/lib
make -C lib install CC="gcc -m32 -O2 -D_TIME_BITS=64 -D_FILE_OFFSET_BITS=64 -ffile-prefix-map=$SRC=." PREFIX=/usr LIBDIR=/usr/lib DESTDIR="$OUT"
rm "$OUT/usr/lib/libzstd.a"
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
