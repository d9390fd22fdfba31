# needs: the-whole-system final/glibc-64 final/locales final/tzdata
# files: hosts passwd
# replaces: final/base final/shadow
#!/bin/sh
set -eu
umask 022
if [ ! -f /usr/share/zoneinfo/UTC ]; then
    echo "error: --with-timezone=UTC: there is no such zone; configure again with another, of final/usr/share/zoneinfo" >&2
    exit 1
fi
if ! localedef --list-archive | grep -qxF C.utf8; then
    mkdir -p "$OUT/usr/lib64/locale"
    localedef -i C -f UTF-8 "$OUT/usr/lib64/locale/C.UTF-8" || status=$?
    if [ "${status:-0}" -gt 1 ]; then  # 1 is for warnings
        echo "error: --with-locale=C.UTF-8: there is no such locale; configure again with another, of final/usr/share/i18n" >&2
        exit 1
    fi
fi
mkdir -p "$OUT/etc"
mkdir -m 0750 "$OUT/root"
ln -s ../usr/share/zoneinfo/UTC "$OUT/etc/localtime"
echo LANG=C.UTF-8 > "$OUT/etc/locale.conf"
echo clfs-x86_64 > "$OUT/etc/hostname"
sed '/^127/a 127.0.1.1 clfs-x86_64' $FILES/hosts > "$OUT/etc/hosts"
PASSWORD='!'
sed -e 's/:.*/:!:::::::/' -e "s|^root:!|root:$PASSWORD|" $FILES/passwd > "$OUT/etc/shadow"
chmod 600 "$OUT/etc/shadow"
mkdir -p "$OUT/etc"
cat > "$OUT/etc/ruckus-release" <<'END'
CLFS_ARCH_STRING=x86_64
CLFS_TARGET=x86_64-ruckus-linux-gnu
PROFILE=final
HOSTNAME=clfs-x86_64
TIMEZONE=UTC
LOCALE=C.UTF-8
ROOT_HAS_PASSWORD=no
ROOT_HAS_KEY=no
SYMBOLS_FOR_DEBUGGERS=no
OVERLAY=no
END
objects="^\(!<arch>\|$(printf '\177')ELF\)"
find "$OUT" -type f \( -name '*.[ao]' -o -name '*.so*' -o -perm -100 \) -exec grep -lZ "$objects" {} + \
    > "$HOME/objects" || [ $? = 1 ]  # where there are none
xargs -0 -r chmod u+w < "$HOME/objects"
grep -z '\.[ao]$' "$HOME/objects" | xargs -0 -r strip --strip-debug --enable-deterministic-archives
grep -zv '\.[ao]$' "$HOME/objects" | xargs -0 -r strip --strip-unneeded
