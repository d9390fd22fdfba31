# needs: the-whole-system final/linux-headers final/glibc-64 final/binutils final/gcc final/gmp-64 final/mpfr final/mpc final/isl final/zlib-64 final/xz-64 final/lz4-64
# sources: zstd-1.5.7.tar.gz
#!/bin/sh
set -eu
umask 022
mkdir -p "$SRC"
tar --no-same-owner --strip-components=1 -xf "$SOURCES/zstd-1.5.7.tar.gz" -C "$SRC"
cd "$SRC"
make CC="gcc -m64 -O2 -ffile-prefix-map=$SRC=." PREFIX=/usr LIBDIR=/usr/lib64 HAVE_ZLIB=1 HAVE_LZMA=1 HAVE_LZ4=1
make install CC="gcc -m64 -O2 -ffile-prefix-map=$SRC=." PREFIX=/usr LIBDIR=/usr/lib64 HAVE_ZLIB=1 HAVE_LZMA=1 HAVE_LZ4=1 DESTDIR="$OUT"
rm "$OUT/usr/lib64/libzstd.a"
objects="^\(!<arch>\|$(printf '\177')ELF\)"
find "$OUT" -type f \( -name '*.[ao]' -o -name '*.so*' -o -perm -100 \) -exec grep -lZ "$objects" {} + \
    > "$HOME/objects" || [ $? = 1 ]  # where there are none
xargs -0 -r chmod u+w < "$HOME/objects"
grep -z '\.[ao]$' "$HOME/objects" | xargs -0 -r strip --strip-debug --enable-deterministic-archives
grep -zv '\.[ao]$' "$HOME/objects" | xargs -0 -r strip --strip-unneeded
