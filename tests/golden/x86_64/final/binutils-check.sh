# needs: the-whole-system final/zlib-64 final/linux-headers final/glibc-64 final/binutils final/gcc final/gmp-64 final/mpfr final/mpc final/isl
# sources: binutils-2.44.tar.xz
#!/bin/sh
set -eu
umask 022
mkdir -p "$SRC"
tar --no-same-owner --strip-components=1 -xf "$SOURCES/binutils-2.44.tar.xz" -C "$SRC"
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
unset SOURCE_DATE_EPOCH
{ make -k check tooldir=/usr RUNTEST=/tools/bin/runtest MAKEINFO=true && echo "PASS: make" > "$HOME/made" || echo "FAIL: make" > "$HOME/made"; } 2>&1 | tee "$HOME/said"
mkdir -p "$HOME"
cat > "$HOME/expected" <<'END'

END
# stages.TALLY
