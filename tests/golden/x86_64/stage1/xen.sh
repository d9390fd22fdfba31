# needs: cross/binutils cross/gcc-static cross/linux-headers cross/glibc-64
# tools: m4 bison flex
# sources: xen-4.17
# freestanding: yes
#!/bin/sh
set -eu
umask 022
mkdir -p "$SRC"
tar --no-same-owner --strip-components=1 -xf "$SOURCES/xen-4.17" -C "$SRC"
cd "$SRC"
export XEN_WHOAMI=clfs XEN_DOMAIN=ruckus XEN_BUILD_HOST=ruckus XEN_BUILD_TIME=00:00:00
export XEN_BUILD_DATE="$(date -d @$SOURCE_DATE_EPOCH)"
make -C xen CROSS_COMPILE=x86_64-ruckus-linux-gnu- HOSTCC='gcc -std=gnu17' HOSTCXX='g++ -std=gnu++17' defconfig
make -C xen CROSS_COMPILE=x86_64-ruckus-linux-gnu- HOSTCC='gcc -std=gnu17' HOSTCXX='g++ -std=gnu++17' debug=n
mkdir -p "$OUT/boot"
cp xen/xen.gz "$OUT/boot/xen.gz"
