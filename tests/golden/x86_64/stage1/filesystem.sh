# files: passwd group hosts inittab fstab rc
#!/bin/sh
set -eu
umask 022
for directory in bin dev etc home lib media mnt opt proc run sbin srv sys usr/bin usr/lib usr/sbin var/log; do
    mkdir -p "$OUT/$directory"
done
mkdir -p -m 0750 "$OUT/root"
mkdir -p -m 1777 "$OUT/tmp" "$OUT/var/tmp"
mkdir -p "$OUT/lib64" "$OUT/usr/lib64"
mkdir -p "$OUT/lib" "$OUT/usr/lib"
ln -s /tools/bin/sh "$OUT/bin/sh"
ln -s /tools/sbin/init "$OUT/sbin/init"
ln -s /proc/mounts "$OUT/etc/mtab"
sed "s,@TOOLS@,/tools,g" $FILES/passwd > "$OUT/etc/passwd"
sed "s,@TOOLS@,/tools,g" $FILES/group > "$OUT/etc/group"
sed "s,@TOOLS@,/tools,g" $FILES/hosts > "$OUT/etc/hosts"
sed "s,@TOOLS@,/tools,g" $FILES/inittab > "$OUT/etc/inittab"
sed "s,@TOOLS@,/tools,g" $FILES/fstab > "$OUT/etc/fstab"
sed "s,@TOOLS@,/tools,g" $FILES/rc > "$OUT/etc/rc"
chmod 755 "$OUT/etc/rc"
echo clfs-x86_64 > "$OUT/etc/hostname"
mkdir -p "$OUT/etc"
cat > "$OUT/etc/profile" <<'END'
export PATH=/bin:/usr/bin:/sbin:/usr/sbin:/tools/bin:/tools/sbin
END
mkdir -p "$OUT/etc"
cat > "$OUT/etc/ruckus-release" <<'END'
CLFS_ARCH_STRING=x86_64
CLFS_TARGET=x86_64-ruckus-linux-gnu
END
