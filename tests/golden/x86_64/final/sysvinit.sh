# needs: the-whole-system final/linux-headers final/glibc-64 final/binutils final/gcc final/gmp-64 final/mpfr final/mpc final/isl final/zlib-64
# sources: sysvinit-3.14.tar.xz
#!/bin/sh
set -eu
umask 022
mkdir -p "$SRC"
tar --no-same-owner --strip-components=1 -xf "$SOURCES/sysvinit-3.14.tar.xz" -C "$SRC"
cd "$SRC"
make CC='gcc -m64' CFLAGS=-O2 SBIN='bootlogd fstab-decode halt init killall5 runlevel shutdown' USRBIN=readbootlog MAN1=readbootlog.1 MAN8='bootlogd.8 fstab-decode.8 halt.8 init.8 killall5.8 poweroff.8 reboot.8 runlevel.8 shutdown.8 telinit.8' base_bindir=/usr/bin base_sbindir=/usr/sbin bindir=/usr/bin includedir=/usr/include
make install CC='gcc -m64' CFLAGS=-O2 SBIN='bootlogd fstab-decode halt init killall5 runlevel shutdown' USRBIN=readbootlog MAN1=readbootlog.1 MAN8='bootlogd.8 fstab-decode.8 halt.8 init.8 killall5.8 poweroff.8 reboot.8 runlevel.8 shutdown.8 telinit.8' base_bindir=/usr/bin base_sbindir=/usr/sbin bindir=/usr/bin includedir=/usr/include ROOT="$OUT"
rm "$OUT/usr/bin/pidof" "$OUT/usr/bin/lastb"
objects="^\(!<arch>\|$(printf '\177')ELF\)"
find "$OUT" -type f \( -name '*.[ao]' -o -name '*.so*' -o -perm -100 \) -exec grep -lZ "$objects" {} + \
    > "$HOME/objects" || [ $? = 1 ]  # where there are none
xargs -0 -r chmod u+w < "$HOME/objects"
grep -z '\.[ao]$' "$HOME/objects" | xargs -0 -r strip --strip-debug --enable-deterministic-archives
grep -zv '\.[ao]$' "$HOME/objects" | xargs -0 -r strip --strip-unneeded
