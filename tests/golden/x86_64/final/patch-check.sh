# needs: the-whole-system final/attr-64 final/linux-headers final/glibc-64 final/binutils final/gcc final/gmp-64 final/mpfr final/mpc final/isl final/zlib-64
# sources: patch-2.8.tar.xz
#!/bin/sh
set -eu
umask 022
mkdir -p "$SRC"
tar --no-same-owner --strip-components=1 -xf "$SOURCES/patch-2.8.tar.xz" -C "$SRC"
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
    ac_cv_path_ED=ed
make MAKEINFO=true
{ make -k check MAKEINFO=true && echo "PASS: make" > "$HOME/made" || echo "FAIL: make" > "$HOME/made"; } 2>&1 | tee "$HOME/said"
mkdir -p "$HOME"
cat > "$HOME/expected" <<'END'
tests/crlf-handling # the ed that there is for now is BusyBox's, which does not know `ed -`
tests/ed-style # the ed that there is for now is BusyBox's, which does not know `ed -`
tests/need-filename # the ed that there is for now is BusyBox's, which does not know `ed -`
END
# stages.TALLY
