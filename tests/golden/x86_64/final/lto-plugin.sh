# needs: the-whole-system final/linux-headers final/glibc-64 final/binutils final/gcc final/gmp-64 final/mpfr final/mpc final/isl final/zlib-64
#!/bin/sh
set -eu
umask 022
cd /usr/libexec/gcc/x86_64-ruckus-linux-gnu/*
mkdir -p "$OUT/usr/lib64/bfd-plugins"
ln -s "../..${PWD#/usr}/liblto_plugin.so" "$OUT/usr/lib64/bfd-plugins"
objects="^\(!<arch>\|$(printf '\177')ELF\)"
find "$OUT" -type f \( -name '*.[ao]' -o -name '*.so*' -o -perm -100 \) -exec grep -lZ "$objects" {} + \
    > "$HOME/objects" || [ $? = 1 ]  # where there are none
xargs -0 -r chmod u+w < "$HOME/objects"
grep -z '\.[ao]$' "$HOME/objects" | xargs -0 -r strip --strip-debug --enable-deterministic-archives
grep -zv '\.[ao]$' "$HOME/objects" | xargs -0 -r strip --strip-unneeded
