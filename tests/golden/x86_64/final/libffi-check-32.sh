# needs: the-whole-system final/autoconf final/automake final/libtool final/linux-headers final/glibc-32 final/glibc-64 final/binutils final/gcc final/gmp-64 final/mpfr final/mpc final/isl final/zlib-64
# sources: libffi-3.4.8.tar.gz
#!/bin/sh
set -eu
umask 022
mkdir -p "$SRC"
tar --no-same-owner --strip-components=1 -xf "$SOURCES/libffi-3.4.8.tar.gz" -C "$SRC"
cd "$SRC"
[ -e configure ] || autoreconf --install
mkdir -p "$BUILD"
cd "$BUILD"
CC='gcc -m32' CXX='g++ -m32' CFLAGS='-O2 -D_TIME_BITS=64 -D_FILE_OFFSET_BITS=64' CXXFLAGS='-O2 -D_TIME_BITS=64 -D_FILE_OFFSET_BITS=64' "$(realpath --relative-to=. "$SRC")/configure" \
    --prefix=/usr \
    --build=i686-ruckus-linux-gnu \
    --libdir=/usr/lib \
    --sysconfdir=/etc \
    --localstatedir=/var \
    --disable-static \
    --disable-dependency-tracking \
    --disable-builddir \
    --disable-multi-os-directory \
    --disable-docs
make MAKEINFO=true
{ make -k check AM_MAKEFLAGS=RUNTEST=/tools/bin/runtest MAKEINFO=true && echo "PASS: make" > "$HOME/made" || echo "FAIL: make" > "$HOME/made"; } 2>&1 | tee "$HOME/said"
mkdir -p "$HOME"
cat > "$HOME/expected" <<'END'

END
# stages.TALLY
