# needs: the-whole-system final/linux-headers final/glibc-64 final/binutils final/gcc final/gmp-64 final/mpfr final/mpc final/isl final/zlib-64
# sources: openssl-3.5.7.tar.gz
#!/bin/sh
set -eu
umask 022
mkdir -p "$SRC"
tar --no-same-owner --strip-components=1 -xf "$SOURCES/openssl-3.5.7.tar.gz" -C "$SRC"
cd "$SRC"
perl Configure linux-x86_64 --prefix=/usr --openssldir=/etc/ssl --libdir=lib64 \
    shared zlib-dynamic no-tests no-docs CC='gcc -m64' CXX='g++ -m64' CFLAGS='-O2' CXXFLAGS='-O2'
make
make install_sw install_ssldirs INSTALL_LIBS= DESTDIR="$OUT"
grep -qF -e '#  undef THIRTY_TWO_BIT' "$OUT/usr/include/openssl/configuration.h" || { echo 'error: $OUT/usr/include/openssl/configuration.h has no #  undef THIRTY_TWO_BIT' >&2; exit 1; }
sed -i 's,#  undef THIRTY_TWO_BIT,#  ifdef __i386__\n#   define BN_LLONG\n#   define THIRTY_TWO_BIT\n#   undef SIXTY_FOUR_BIT_LONG\n#  else\n#   undef THIRTY_TWO_BIT\n#  endif,g' "$OUT/usr/include/openssl/configuration.h"
objects="^\(!<arch>\|$(printf '\177')ELF\)"
find "$OUT" -type f \( -name '*.[ao]' -o -name '*.so*' -o -perm -100 \) -exec grep -lZ "$objects" {} + \
    > "$HOME/objects" || [ $? = 1 ]  # where there are none
xargs -0 -r chmod u+w < "$HOME/objects"
grep -z '\.[ao]$' "$HOME/objects" | xargs -0 -r strip --strip-debug --enable-deterministic-archives
grep -zv '\.[ao]$' "$HOME/objects" | xargs -0 -r strip --strip-unneeded
