# needs: the-whole-system final/gperf final/jinja2 final/markupsafe final/setuptools final/acl-64 final/attr-64 final/kmod-64 final/libcap-64 final/libxcrypt-64 final/util-linux-64 final/openssl-64 final/xz-64 final/zlib-64 final/zstd-64 final/linux-headers final/glibc-64 final/binutils final/gcc final/gmp-64 final/mpfr final/mpc final/isl final/meson final/ninja final/pkgconf final/python final/expat-64
# sources: systemd-257.13.tar.gz
#!/bin/sh
set -eu
umask 022
mkdir -p "$SRC"
tar --no-same-owner --strip-components=1 -xf "$SOURCES/systemd-257.13.tar.gz" -C "$SRC"
cd "$SRC"
CC='gcc -m64' CFLAGS='-O2' meson setup "$BUILD" --prefix=/usr --libdir=/usr/lib64 \
    --sysconfdir=/etc \
    --localstatedir=/var \
    --buildtype=plain \
    -Dauto_features=disabled \
    -Dmode=release \
    -Dacl=enabled \
    -Dblkid=enabled \
    -Dkmod=enabled \
    -Defi=false \
    -Dlink-udev-shared=false \
    -Dlogind=false \
    -Dvconsole=false \
    -Dvcs-tag=false \
    -Dtests=false \
    -Ddev-kvm-mode=0660 \
    -Dnobody-group=nogroup \
    -Dsystem-alloc-uid-min=101 \
    -Dsystem-alloc-gid-min=101
grep -qF -e systemd/network src/libsystemd/sd-network/network-util.h || { echo 'error: src/libsystemd/sd-network/network-util.h has no systemd/network' >&2; exit 1; }
sed -i s,systemd/network,udev/network,g src/libsystemd/sd-network/network-util.h
cd "$BUILD"
ninja -j1 udevadm systemd-hwdb libudev ata_id cdrom_id dmi_memory_id fido_id iocost mtd_probe scsi_id v4l_id rules.d/50-udev-default.rules rules.d/60-persistent-storage.rules rules.d/64-btrfs.rules hwdb.d/60-autosuspend-chromiumos.hwdb src/libudev/libudev.pc src/udev/udev.pc
udev="$OUT/usr/lib/udev"
mkdir -p "$udev/rules.d" "$udev/hwdb.d" "$udev/network" "$OUT/etc/udev/rules.d" "$OUT/etc/udev/hwdb.d"
install -D -t "$OUT/usr/bin" udevadm
install -D systemd-hwdb "$OUT/usr/bin/udev-hwdb"
mkdir -p "$OUT/usr/sbin" "$OUT/usr/lib64"
ln -s ../bin/udevadm "$OUT/usr/sbin/udevd"
cp -P libudev.so libudev.so.*[0-9] "$OUT/usr/lib64"
install -D -m 644 -t "$OUT/usr/include" "$SRC/src/libudev/libudev.h"
install -D -m 644 -t "$OUT/usr/lib64/pkgconfig" src/libudev/libudev.pc
install -D -m 644 -t "$OUT/usr/share/pkgconfig" src/udev/udev.pc
install -m 644 -t "$OUT/etc/udev" "$SRC/src/udev/udev.conf"
install -t "$udev" ata_id cdrom_id dmi_memory_id fido_id iocost mtd_probe scsi_id v4l_id
install -m 644 -t "$udev/rules.d" "$SRC"/rules.d/*.rules rules.d/*.rules
rm "$udev"/rules.d/70-power-switch.rules  # for logind
install -m 644 -t "$udev/hwdb.d" "$SRC"/hwdb.d/*.hwdb hwdb.d/*.hwdb
install -m 644 -t "$udev/network" "$SRC/network/99-default.link"
./udevadm hwdb --update --strict --usr --root="$OUT"  # systemd-hwdb would write $OUT into it
objects="^\(!<arch>\|$(printf '\177')ELF\)"
find "$OUT" -type f \( -name '*.[ao]' -o -name '*.so*' -o -perm -100 \) -exec grep -lZ "$objects" {} + \
    > "$HOME/objects" || [ $? = 1 ]  # where there are none
xargs -0 -r chmod u+w < "$HOME/objects"
grep -z '\.[ao]$' "$HOME/objects" | xargs -0 -r strip --strip-debug --enable-deterministic-archives
grep -zv '\.[ao]$' "$HOME/objects" | xargs -0 -r strip --strip-unneeded
