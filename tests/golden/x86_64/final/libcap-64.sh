# needs: the-whole-system final/linux-headers final/glibc-64 final/binutils final/gcc final/gmp-64 final/mpfr final/mpc final/isl final/zlib-64
# sources: libcap-2.75.tar.xz
#!/bin/sh
set -eu
umask 022
mkdir -p "$SRC"
tar --no-same-owner --strip-components=1 -xf "$SOURCES/libcap-2.75.tar.xz" -C "$SRC"
cd "$SRC"
make CC='gcc -m64' COPTS=-O2 prefix=/usr lib=lib64 USE_GPERF=no PAM_CAP=no GOLANG=no
make install CC='gcc -m64' COPTS=-O2 prefix=/usr lib=lib64 USE_GPERF=no PAM_CAP=no GOLANG=no DESTDIR="$OUT"
rm "$OUT/usr/lib64"/lib*.a
objects="^\(!<arch>\|$(printf '\177')ELF\)"
find "$OUT" -type f \( -name '*.[ao]' -o -name '*.so*' -o -perm -100 \) -exec grep -lZ "$objects" {} + \
    > "$HOME/objects" || [ $? = 1 ]  # where there are none
xargs -0 -r chmod u+w < "$HOME/objects"
grep -z '\.[ao]$' "$HOME/objects" | xargs -0 -r strip --strip-debug --enable-deterministic-archives
grep -zv '\.[ao]$' "$HOME/objects" | xargs -0 -r strip --strip-unneeded
