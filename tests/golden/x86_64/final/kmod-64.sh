# needs: the-whole-system final/openssl-64 final/xz-64 final/zlib-64 final/zstd-64 final/linux-headers final/glibc-64 final/binutils final/gcc final/gmp-64 final/mpfr final/mpc final/isl final/meson final/ninja final/pkgconf final/python final/expat-64
# sources: kmod-34.2.tar.xz
#!/bin/sh
set -eu
umask 022
mkdir -p "$SRC"
tar --no-same-owner --strip-components=1 -xf "$SOURCES/kmod-34.2.tar.xz" -C "$SRC"
cd "$SRC"
CC='gcc -m64' CFLAGS='-O2' meson setup "$BUILD" --prefix=/usr --libdir=/usr/lib64 \
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
objects="^\(!<arch>\|$(printf '\177')ELF\)"
find "$OUT" -type f \( -name '*.[ao]' -o -name '*.so*' -o -perm -100 \) -exec grep -lZ "$objects" {} + \
    > "$HOME/objects" || [ $? = 1 ]  # where there are none
xargs -0 -r chmod u+w < "$HOME/objects"
grep -z '\.[ao]$' "$HOME/objects" | xargs -0 -r strip --strip-debug --enable-deterministic-archives
grep -zv '\.[ao]$' "$HOME/objects" | xargs -0 -r strip --strip-unneeded
