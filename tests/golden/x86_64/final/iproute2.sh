# needs: the-whole-system final/linux-headers final/glibc-64 final/binutils final/gcc final/gmp-64 final/mpfr final/mpc final/isl final/zlib-64
# sources: iproute2-6.1.0.tar.xz
#!/bin/sh
set -eu
umask 022
mkdir -p "$SRC"
tar --no-same-owner --strip-components=1 -xf "$SOURCES/iproute2-6.1.0.tar.xz" -C "$SRC"
cd "$SRC"
make CC='gcc -m64' CCOPTS=-O2 PKG_CONFIG=false SBINDIR=/usr/sbin NETNS_RUN_DIR=/run/netns
make install CC='gcc -m64' CCOPTS=-O2 PKG_CONFIG=false SBINDIR=/usr/sbin NETNS_RUN_DIR=/run/netns DESTDIR="$OUT"
rm -r "$OUT/var" "$OUT/usr/share/man/man8/arpd.8"  # there is no arpd, which wants Berkeley DB
objects="^\(!<arch>\|$(printf '\177')ELF\)"
find "$OUT" -type f \( -name '*.[ao]' -o -name '*.so*' -o -perm -100 \) -exec grep -lZ "$objects" {} + \
    > "$HOME/objects" || [ $? = 1 ]  # where there are none
xargs -0 -r chmod u+w < "$HOME/objects"
grep -z '\.[ao]$' "$HOME/objects" | xargs -0 -r strip --strip-debug --enable-deterministic-archives
grep -zv '\.[ao]$' "$HOME/objects" | xargs -0 -r strip --strip-unneeded
