# needs: the-whole-system final/glibc-64
#!/bin/sh
set -eu
umask 022
mkdir -p "$OUT/usr/lib64/locale"
for locale in C.UTF-8 de_DE.UTF-8 en_US.UTF-8 es_ES.UTF-8 fr_FR.UTF-8 ja_JP.UTF-8 ru_RU.UTF-8 tr_TR.UTF-8 de_DE.ISO-8859-1 en_US.ISO-8859-1 fr_FR.ISO-8859-1 ja_JP.EUC-JP zh_CN.GB18030; do
    localedef --prefix="$OUT" -i "${locale%.*}" -f "${locale#*.}" "$locale"
done
mkdir -p "$OUT/usr/lib"
ln -s ../lib64/locale "$OUT/usr/lib/locale"
objects="^\(!<arch>\|$(printf '\177')ELF\)"
find "$OUT" -type f \( -name '*.[ao]' -o -name '*.so*' -o -perm -100 \) -exec grep -lZ "$objects" {} + \
    > "$HOME/objects" || [ $? = 1 ]  # where there are none
xargs -0 -r chmod u+w < "$HOME/objects"
grep -z '\.[ao]$' "$HOME/objects" | xargs -0 -r strip --strip-debug --enable-deterministic-archives
grep -zv '\.[ao]$' "$HOME/objects" | xargs -0 -r strip --strip-unneeded
