# needs: the-whole-system
# files: rc console 10-kernel 20-host 30-udev 40-check 50-mount 60-swap 70-leftovers 80-clock 90-settings 10-syslog 20-network 30-sshd 99-ruckus
#!/bin/sh
set -eu
umask 022
mkdir -p "$OUT/etc/rc.d"
install -m 755 $FILES/rc "$OUT/etc/rc.d"
install -m 755 $FILES/console "$OUT/etc/rc.d"
mkdir "$OUT/etc/rc.d/boot.d"
install -m 755 $FILES/10-kernel $FILES/20-host $FILES/30-udev $FILES/40-check $FILES/50-mount $FILES/60-swap $FILES/70-leftovers $FILES/80-clock $FILES/90-settings "$OUT/etc/rc.d/boot.d"
mkdir "$OUT/etc/rc.d/service.d"
install -m 755 $FILES/10-syslog $FILES/20-network $FILES/30-sshd $FILES/99-ruckus "$OUT/etc/rc.d/service.d"
objects="^\(!<arch>\|$(printf '\177')ELF\)"
find "$OUT" -type f \( -name '*.[ao]' -o -name '*.so*' -o -perm -100 \) -exec grep -lZ "$objects" {} + \
    > "$HOME/objects" || [ $? = 1 ]  # where there are none
xargs -0 -r chmod u+w < "$HOME/objects"
grep -z '\.[ao]$' "$HOME/objects" | xargs -0 -r strip --strip-debug --enable-deterministic-archives
grep -zv '\.[ao]$' "$HOME/objects" | xargs -0 -r strip --strip-unneeded
