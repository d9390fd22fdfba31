# needs: the-whole-system final/zlib-64 final/zstd-64 final/linux-headers final/glibc-64 final/binutils final/gcc final/gmp-64 final/mpfr final/mpc final/isl
# sources: elfutils-0.192.tar.bz2
#!/bin/sh
set -eu
umask 022
mkdir -p "$SRC"
tar --no-same-owner --strip-components=1 -xf "$SOURCES/elfutils-0.192.tar.bz2" -C "$SRC"
cd "$SRC"
mkdir -p "$BUILD"
cd "$BUILD"
CC='gcc -m64' CXX='g++ -m64' CFLAGS=-O2 CXXFLAGS=-O2 ZSTD_COMPRESS_CFLAGS=-I/usr/include ZSTD_COMPRESS_LIBS=-lzstd "$(realpath --relative-to=. "$SRC")/configure" \
    --prefix=/usr \
    --build=x86_64-ruckus-linux-gnu \
    --libdir=/usr/lib64 \
    --sysconfdir=/etc \
    --localstatedir=/var \
    --disable-static \
    --disable-dependency-tracking \
    --disable-debuginfod \
    --disable-libdebuginfod \
    --without-bzlib \
    --without-lzma \
    --with-zstd
make -C lib MAKEINFO=true
make -C libelf MAKEINFO=true
make -C libelf install DESTDIR="$OUT" MAKEINFO=true
make -C config install-pkgconfigDATA DESTDIR="$OUT" MAKEINFO=true
grep '^#define USE_ZSTD_COMPRESS 1' config.h
rm "$OUT/usr/lib64/libelf.a" "$OUT/usr/lib64/pkgconfig/libdw.pc"
objects="^\(!<arch>\|$(printf '\177')ELF\)"
find "$OUT" -type f \( -name '*.[ao]' -o -name '*.so*' -o -perm -100 \) -exec grep -lZ "$objects" {} + \
    > "$HOME/objects" || [ $? = 1 ]  # where there are none
xargs -0 -r chmod u+w < "$HOME/objects"
grep -z '\.[ao]$' "$HOME/objects" | xargs -0 -r strip --strip-debug --enable-deterministic-archives
grep -zv '\.[ao]$' "$HOME/objects" | xargs -0 -r strip --strip-unneeded
