# needs: the-whole-system final/linux-headers final/glibc-32 final/glibc-64 final/binutils final/gcc final/gmp-64 final/mpfr final/mpc final/isl final/zlib-64
# sources: bzip2-1.0.8.tar.gz
#!/bin/sh
set -eu
umask 022
mkdir -p "$SRC"
tar --no-same-owner --strip-components=1 -xf "$SOURCES/bzip2-1.0.8.tar.gz" -C "$SRC"
cd "$SRC"
make CC='gcc -m32 -O2 -D_TIME_BITS=64 -D_FILE_OFFSET_BITS=64' -f Makefile-libbz2_so
make clean
make CC='gcc -m32 -O2 -D_TIME_BITS=64 -D_FILE_OFFSET_BITS=64' bzip2 bzip2recover libbz2.a
{ make -k check && echo "PASS: make" > "$HOME/made" || echo "FAIL: make" > "$HOME/made"; } 2>&1 | tee "$HOME/said"
mkdir -p "$HOME"
cat > "$HOME/expected" <<'END'

END
# stages.TALLY
