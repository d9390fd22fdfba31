# needs: cross/binutils cross/gcc-static cross/linux-headers cross/glibc-64
# sources: busybox-1.37.0.tar.bz2
#!/bin/sh
set -eu
umask 022
mkdir -p "$SRC"
tar --no-same-owner --strip-components=1 -xf "$SOURCES/busybox-1.37.0.tar.bz2" -C "$SRC"
cd "$SRC"
make HOSTCC='gcc -std=gnu17' defconfig
sed -i -e 's/^# \(CONFIG_INSTALL_NO_USR\) is not set/\1=y/' -e 's/^CONFIG_TC=y/# CONFIG_TC is not set/' .config
yes '' | make HOSTCC='gcc -std=gnu17' oldconfig >/dev/null
make HOSTCC='gcc -std=gnu17' CROSS_COMPILE=x86_64-ruckus-linux-gnu- CC='x86_64-ruckus-linux-gnu-gcc -m64'
make HOSTCC='gcc -std=gnu17' CROSS_COMPILE=x86_64-ruckus-linux-gnu- CC='x86_64-ruckus-linux-gnu-gcc -m64' install CONFIG_PREFIX="$OUT/tools"
rm -f "$OUT/tools/linuxrc"
