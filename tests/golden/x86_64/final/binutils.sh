# needs: the-whole-system final/adjusting final/zlib-64 final/linux-headers final/glibc-64
# sources: binutils-2.44.tar.xz
# layout: --libdir= --with-lib-path=
#!/bin/sh
set -eu
umask 022
mkdir -p "$SRC"
tar --no-same-owner --strip-components=1 --no-wildcards-match-slash --exclude='*/gas/testsuite' --exclude='*/ld/testsuite' -xf "$SOURCES/binutils-2.44.tar.xz" -C "$SRC"
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
    --target=x86_64-ruckus-linux-gnu \
    --enable-shared \
    --enable-plugins \
    --enable-new-dtags \
    --enable-default-hash-style=gnu \
    --with-system-zlib \
    --with-lib-path=/usr/local/lib64:/usr/lib64:/usr/local/lib:/usr/lib \
    --enable-64-bit-bfd \
    --enable-deterministic-archives \
    --disable-werror \
    --disable-gprofng \
    --disable-gdb \
    --disable-gdbserver \
    --disable-sim \
    --without-zstd \
    --without-debuginfod \
    --without-msgpack
make tooldir=/usr LEXLIB= MAKEINFO=true
make install tooldir=/usr DESTDIR="$OUT" MAKEINFO=true
objects="^\(!<arch>\|$(printf '\177')ELF\)"
find "$OUT" -type f \( -name '*.[ao]' -o -name '*.so*' -o -perm -100 \) -exec grep -lZ "$objects" {} + \
    > "$HOME/objects" || [ $? = 1 ]  # where there are none
xargs -0 -r chmod u+w < "$HOME/objects"
grep -z '\.[ao]$' "$HOME/objects" | xargs -0 -r strip --strip-debug --enable-deterministic-archives
grep -zv '\.[ao]$' "$HOME/objects" | xargs -0 -r strip --strip-unneeded
