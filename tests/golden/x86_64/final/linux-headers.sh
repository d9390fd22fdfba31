# needs: the-whole-system cross/linux-headers cross/glibc-64 source/linux
#!/bin/sh
set -eu
umask 022
make -C "$SRC" O="$BUILD" ARCH=x86_64 headers
cd "$BUILD"
find usr/include -type f ! -name '*.h' -delete
mkdir -p "$OUT/usr"
cp -R usr/include "$OUT/usr"
objects="^\(!<arch>\|$(printf '\177')ELF\)"
find "$OUT" -type f \( -name '*.[ao]' -o -name '*.so*' -o -perm -100 \) -exec grep -lZ "$objects" {} + \
    > "$HOME/objects" || [ $? = 1 ]  # where there are none
xargs -0 -r chmod u+w < "$HOME/objects"
grep -z '\.[ao]$' "$HOME/objects" | xargs -0 -r strip --strip-debug --enable-deterministic-archives
grep -zv '\.[ao]$' "$HOME/objects" | xargs -0 -r strip --strip-unneeded
