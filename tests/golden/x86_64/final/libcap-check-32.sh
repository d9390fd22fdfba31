# needs: the-whole-system final/linux-headers final/glibc-32 final/glibc-64 final/binutils final/gcc final/gmp-64 final/mpfr final/mpc final/isl final/zlib-64
# sources: libcap-2.75.tar.xz
#!/bin/sh
set -eu
umask 022
mkdir -p "$SRC"
tar --no-same-owner --strip-components=1 -xf "$SOURCES/libcap-2.75.tar.xz" -C "$SRC"
cd "$SRC"
make CC='gcc -m32' COPTS='-O2 -D_TIME_BITS=64 -D_FILE_OFFSET_BITS=64' prefix=/usr lib=lib USE_GPERF=no PAM_CAP=no GOLANG=no
{ make -k test CC='gcc -m32' USE_GPERF=no PAM_CAP=no GOLANG=no && echo "PASS: make" > "$HOME/made" || echo "FAIL: make" > "$HOME/made"; } 2>&1 | tee "$HOME/said"
mkdir -p "$HOME"
cat > "$HOME/expected" <<'END'

END
# stages.TALLY
