# needs: the-whole-system final/adjusting final/linux-headers final/glibc-64
# sources: zlib-1.3.1.tar.xz
#!/bin/sh
set -eu
umask 022
mkdir -p "$SRC"
tar --no-same-owner --strip-components=1 -xf "$SOURCES/zlib-1.3.1.tar.xz" -C "$SRC"
cd "$SRC"
mkdir -p "$BUILD"
cd "$BUILD"
CC='gcc -m64' CXX='g++ -m64' CFLAGS=-O2 CXXFLAGS=-O2 "$(realpath --relative-to=. "$SRC")/configure" \
    --prefix=/usr \
    --libdir=/usr/lib64
make
{ make -k check && echo "PASS: make" > "$HOME/made" || echo "FAIL: make" > "$HOME/made"; } 2>&1 | tee "$HOME/said"
mkdir -p "$HOME"
cat > "$HOME/expected" <<'END'

END
# stages.TALLY
