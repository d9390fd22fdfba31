# needs: the-whole-system final/binutils final/gcc final/linux-headers final/glibc-64 final/gmp-64 final/mpfr final/mpc final/isl final/zlib-64 final/bc final/elfutils-64 final/ncurses-64 final/readline-64 final/zstd-64 source/linux
# files: final.config x86_64.config xen.config dom0.config
# freestanding: yes
#!/bin/sh
set -eu
umask 022
export KBUILD_BUILD_USER=clfs KBUILD_BUILD_HOST=ruckus KBUILD_BUILD_TIMESTAMP=@$SOURCE_DATE_EPOCH
make -C "$SRC" ARCH=x86_64 PAHOLE=false RUSTC=false O="$BUILD" defconfig
cd "$BUILD"
sed 's/^# \(CONFIG_[A-Za-z0-9_]*\) is not set$/\1=n/' "$FILES/final.config" "$FILES/x86_64.config" "$FILES/xen.config" "$FILES/dom0.config" | grep '^CONFIG_' | tac | sort -su -t= -k1,1 > wanted.config
cut -d= -f1 wanted.config | grep -vwFf - .config > merged.config
cat wanted.config >> merged.config
mv merged.config .config
yes '' | make ARCH=x86_64 PAHOLE=false RUSTC=false olddefconfig > settled.log
while read -r wanted; do
    case $wanted in
        *=n) ! grep -q "^${wanted%n}" .config ;;
        *) grep -qxF "$wanted" .config ;;
    esac || { echo "error: Kconfig has dropped $wanted" >&2; exit 1; }
done < wanted.config
make ARCH=x86_64 PAHOLE=false RUSTC=false bzImage modules
make ARCH=x86_64 PAHOLE=false RUSTC=false modules_install INSTALL_MOD_PATH="$OUT/usr" DEPMOD=true
rm -f "$OUT"/usr/lib/modules/*/build
mkdir -p "$OUT/boot"
cp arch/x86/boot/bzImage "$OUT/boot/vmlinuz"
cp System.map "$OUT/boot/System.map"
cp .config "$OUT/boot/config"
objects="^\(!<arch>\|$(printf '\177')ELF\)"
find "$OUT" -type f \( -name '*.[ao]' -o -name '*.so*' -o -perm -100 \) -exec grep -lZ "$objects" {} + \
    > "$HOME/objects" || [ $? = 1 ]  # where there are none
xargs -0 -r chmod u+w < "$HOME/objects"
grep -z '\.[ao]$' "$HOME/objects" | xargs -0 -r strip --strip-debug --enable-deterministic-archives
grep -zv '\.[ao]$' "$HOME/objects" | xargs -0 -r strip --strip-unneeded
