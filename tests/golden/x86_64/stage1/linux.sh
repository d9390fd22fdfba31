# needs: cross/binutils cross/gcc-static source/linux
# tools: m4 bison flex bc elfutils
# files: common.config x86_64.config
# freestanding: yes
#!/bin/sh
set -eu
umask 022
export KBUILD_BUILD_USER=clfs KBUILD_BUILD_HOST=ruckus KBUILD_BUILD_TIMESTAMP=@$SOURCE_DATE_EPOCH
make -C "$SRC" ARCH=x86_64 CROSS_COMPILE=x86_64-ruckus-linux-gnu- PAHOLE=false RUSTC=false O="$BUILD" tinyconfig
cd "$BUILD"
sed 's/^# \(CONFIG_[A-Za-z0-9_]*\) is not set$/\1=n/' "$FILES/common.config" "$FILES/x86_64.config" | grep '^CONFIG_' | tac | sort -su -t= -k1,1 > wanted.config
cut -d= -f1 wanted.config | grep -vwFf - .config > merged.config
cat wanted.config >> merged.config
mv merged.config .config
yes '' | make ARCH=x86_64 CROSS_COMPILE=x86_64-ruckus-linux-gnu- PAHOLE=false RUSTC=false olddefconfig > settled.log
while read -r wanted; do
    case $wanted in
        *=n) ! grep -q "^${wanted%n}" .config ;;
        *) grep -qxF "$wanted" .config ;;
    esac || { echo "error: Kconfig has dropped $wanted" >&2; exit 1; }
done < wanted.config
make ARCH=x86_64 CROSS_COMPILE=x86_64-ruckus-linux-gnu- PAHOLE=false RUSTC=false bzImage
mkdir -p "$OUT/boot"
cp arch/x86/boot/bzImage "$OUT/boot/vmlinuz"
cp System.map "$OUT/boot/System.map"
cp .config "$OUT/boot/config"
