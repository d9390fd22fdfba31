# needs: the-whole-system final/base final/linux-headers final/glibc-64 final/binutils final/gcc final/gmp-64 final/mpfr final/mpc final/isl final/zlib-64
# sources: openssl-3.5.7.tar.gz
#!/bin/sh
set -eu
umask 022
mkdir -p "$SRC"
tar --no-same-owner --strip-components=1 -xf "$SOURCES/openssl-3.5.7.tar.gz" -C "$SRC"
cd "$SRC"
perl Configure linux-x86_64 --prefix=/usr --openssldir=/etc/ssl --libdir=lib64 \
    shared zlib-dynamic no-docs CC='gcc -m64' CXX='g++ -m64' CFLAGS='-O2' CXXFLAGS='-O2'
make
{ make -k test V= && echo "PASS: make" > "$HOME/made" || echo "FAIL: make" > "$HOME/made"; } 2>&1 | tee "$HOME/said"
mkdir -p "$HOME"
cat > "$HOME/expected" <<'END'

END
# stages.TALLY
