# needs: the-whole-system final/linux final/glibc-64 final/kmod-64 final/openssl-64 final/xz-64 final/zlib-64 final/zstd-64
#!/bin/sh
set -eu
umask 022
mkdir -p "$OUT/usr"
depmod -o "$OUT/usr" "$(ls /usr/lib/modules)"
test -s "$OUT"/usr/lib/modules/*/modules.builtin.bin
objects="^\(!<arch>\|$(printf '\177')ELF\)"
find "$OUT" -type f \( -name '*.[ao]' -o -name '*.so*' -o -perm -100 \) -exec grep -lZ "$objects" {} + \
    > "$HOME/objects" || [ $? = 1 ]  # where there are none
xargs -0 -r chmod u+w < "$HOME/objects"
grep -z '\.[ao]$' "$HOME/objects" | xargs -0 -r strip --strip-debug --enable-deterministic-archives
grep -zv '\.[ao]$' "$HOME/objects" | xargs -0 -r strip --strip-unneeded
