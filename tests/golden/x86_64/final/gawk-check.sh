# needs: the-whole-system final/locales final/base final/readline-64 final/ncurses-64 final/linux-headers final/glibc-64 final/binutils final/gcc final/gmp-64 final/mpfr final/mpc final/isl final/zlib-64
# sources: gawk-5.2.1.tar.xz
#!/bin/sh
set -eu
umask 022
mkdir -p "$SRC"
tar --no-same-owner --strip-components=1 -xf "$SOURCES/gawk-5.2.1.tar.xz" -C "$SRC"
cd "$SRC"
for manual in gawk gawkinet gawkworkflow pm-gawk; do
    [ -e doc/$manual.texi ] || touch -t 200001010000 doc/$manual.texi doc/$manual.info
done
[ -e doc/gawktexi.in ] || touch -t 200001010000 doc/gawktexi.in doc/sidebar.awk
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
    --with-readline \
    --with-mpfr
make MAKEINFO=true
grep -qF -e @COUNT= test/Makefile || { echo 'error: test/Makefile has no @COUNT=' >&2; exit 1; }
sed -i 's,@COUNT=,@{ echo PASS: all others; ls _* 2>/dev/null | sed '"'"'s/^_/FAIL: /'"'"'; } > gawk.sum; COUNT=,g' test/Makefile
{ make -k check MAKEINFO=true && echo "PASS: make" > "$HOME/made" || echo "FAIL: make" > "$HOME/made"; } 2>&1 | tee "$HOME/said"
mkdir -p "$HOME"
cat > "$HOME/expected" <<'END'
timeout # it wants parts of a second to be that long, which they are not on a busy machine
END
# stages.TALLY
