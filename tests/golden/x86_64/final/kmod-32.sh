# needs: the-whole-system final/openssl-32 final/openssl-64 final/xz-32 final/xz-64 final/zlib-32 final/zlib-64 final/zstd-32 final/zstd-64 final/linux-headers final/glibc-32 final/glibc-64 final/binutils final/gcc final/gmp-64 final/mpfr final/mpc final/isl final/meson final/ninja final/pkgconf final/python final/expat-64
# sources: kmod-34.2.tar.xz
#!/bin/sh
set -eu
umask 022
mkdir -p "$SRC"
tar --no-same-owner --strip-components=1 -xf "$SOURCES/kmod-34.2.tar.xz" -C "$SRC"
cd "$SRC"
CC='gcc -m32' CFLAGS='-O2 -D_TIME_BITS=64 -D_FILE_OFFSET_BITS=64' PKG_CONFIG='i686-ruckus-linux-gnu-pkg-config' meson setup "$BUILD" --prefix=/usr --libdir=/usr/lib \
    --sysconfdir=/etc \
    --localstatedir=/var \
    --buildtype=plain \
    -Dauto_features=disabled \
    -Dmanpages=false \
    -Dopenssl=enabled \
    -Dxz=enabled \
    -Dzlib=enabled \
    -Dzstd=enabled
ninja -C "$BUILD" -j 1
DESTDIR="$OUT" ninja -C "$BUILD" install
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
