# needs: the-whole-system final/glibc-64
# sources: tzdata2026c.tar.gz
#!/bin/sh
set -eu
umask 022
mkdir -p "$SRC"
tar --no-same-owner -xf "$SOURCES/tzdata2026c.tar.gz" -C "$SRC"
cd "$SRC"
zoneinfo=$OUT/usr/share/zoneinfo
mkdir -p "$zoneinfo"
zic -d "$zoneinfo" etcetera southamerica northamerica europe africa antarctica asia australasia backward
zic -d "$zoneinfo" -p America/New_York  # for TZ that names rules of no place
cp iso3166.tab zone.tab zone1970.tab "$zoneinfo"
objects="^\(!<arch>\|$(printf '\177')ELF\)"
find "$OUT" -type f \( -name '*.[ao]' -o -name '*.so*' -o -perm -100 \) -exec grep -lZ "$objects" {} + \
    > "$HOME/objects" || [ $? = 1 ]  # where there are none
xargs -0 -r chmod u+w < "$HOME/objects"
grep -z '\.[ao]$' "$HOME/objects" | xargs -0 -r strip --strip-debug --enable-deterministic-archives
grep -zv '\.[ao]$' "$HOME/objects" | xargs -0 -r strip --strip-unneeded
