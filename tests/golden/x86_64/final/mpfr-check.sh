# needs: the-whole-system final/adjusting final/gmp-64 final/linux-headers final/glibc-64
# sources: mpfr-4.2.2.tar.xz
#!/bin/sh
set -eu
umask 022
mkdir -p "$SRC"
tar --no-same-owner --strip-components=1 -xf "$SOURCES/mpfr-4.2.2.tar.xz" -C "$SRC"
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
    --disable-decimal-float
make MAKEINFO=true
{ make -k check MAKEINFO=true && echo "PASS: make" > "$HOME/made" || echo "FAIL: make" > "$HOME/made"; } 2>&1 | tee "$HOME/said"
mkdir -p "$HOME"
cat > "$HOME/expected" <<'END'

END
# stages.TALLY
