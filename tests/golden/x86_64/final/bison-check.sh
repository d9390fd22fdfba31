# needs: the-whole-system final/linux-headers final/glibc-64 final/binutils final/gcc final/gmp-64 final/mpfr final/mpc final/isl final/zlib-64
# sources: bison-3.8.2.tar.xz
#!/bin/sh
set -eu
umask 022
mkdir -p "$SRC"
tar --no-same-owner --strip-components=1 -xf "$SOURCES/bison-3.8.2.tar.xz" -C "$SRC"
cd "$SRC"
[ -e doc/bison.texi ] || touch -d @$SOURCE_DATE_EPOCH doc/bison.texi
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
    ac_cv_libtextstyle=no \
    gl_cv_lib_readline=no
make MAKEINFO=true
(cd "$SRC" && find examples -type d) | xargs mkdir -p
{ make -k check MAKEINFO=true && echo "PASS: make" > "$HOME/made" || echo "FAIL: make" > "$HOME/made"; } 2>&1 | tee "$HOME/said"
mkdir -p "$HOME"
cat > "$HOME/expected" <<'END'

END
# stages.TALLY
