# needs: cross/binutils cross/gcc-static source/linux
# tools: m4 bison flex bc elfutils
# files: common.config x86_64.config
#!/bin/sh
set -eu
umask 022
export KBUILD_BUILD_USER=clfs KBUILD_BUILD_HOST=ruckus KBUILD_BUILD_TIMESTAMP=@$SOURCE_DATE_EPOCH
make -C "$SRC" O="$BUILD" ARCH=x86_64 CROSS_COMPILE=x86_64-ruckus-linux-gnu- tinyconfig
cd "$BUILD"
"$SRC/scripts/kconfig/merge_config.sh" -m .config $FILES/common.config $FILES/x86_64.config
make ARCH=x86_64 CROSS_COMPILE=x86_64-ruckus-linux-gnu- olddefconfig
grep -h '^CONFIG_.*=y' $FILES/common.config $FILES/x86_64.config | while read -r wanted; do
    grep -qx "$wanted" .config || { echo "error: $wanted did not survive olddefconfig" >&2; exit 1; }
done
make ARCH=x86_64 CROSS_COMPILE=x86_64-ruckus-linux-gnu- bzImage
mkdir -p "$OUT/boot"
cp arch/x86/boot/bzImage "$OUT/boot/vmlinuz"
cp System.map "$OUT/boot/System.map"
cp .config "$OUT/boot/config"
