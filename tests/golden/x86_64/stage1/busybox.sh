# needs: cross/binutils cross/gcc-static cross/linux-headers cross/glibc-64
# sources: busybox-1.37.0.tar.bz2
# files: tiny.config
#!/bin/sh
set -eu
umask 022
mkdir -p "$SRC"
tar --no-same-owner --strip-components=1 -xf "$SOURCES/busybox-1.37.0.tar.bz2" -C "$SRC"
cd "$SRC"
make HOSTCC='gcc -std=gnu17' defconfig
sed 's/^# \(CONFIG_[A-Za-z0-9_]*\) is not set$/\1=n/' "$FILES/tiny.config" | grep '^CONFIG_' | tac | sort -su -t= -k1,1 > wanted.config
cut -d= -f1 wanted.config | grep -vwFf - .config > merged.config
cat wanted.config >> merged.config
mv merged.config .config
yes '' | make HOSTCC='gcc -std=gnu17' oldconfig > settled.log
while read -r wanted; do
    case $wanted in
        *=n) ! grep -q "^${wanted%n}" .config ;;
        *) grep -qxF "$wanted" .config ;;
    esac || { echo "error: Kconfig has dropped $wanted" >&2; exit 1; }
done < wanted.config
make HOSTCC='gcc -std=gnu17' CROSS_COMPILE=x86_64-ruckus-linux-gnu- CC='x86_64-ruckus-linux-gnu-gcc -m64'
make install HOSTCC='gcc -std=gnu17' CROSS_COMPILE=x86_64-ruckus-linux-gnu- CC='x86_64-ruckus-linux-gnu-gcc -m64' CONFIG_PREFIX="$OUT/tools"
rm -f "$OUT/tools/linuxrc"
