# needs: the-whole-system
# files: fstab group inittab inputrc issue nsswitch.conf os-release passwd profile shells syslog.conf grub.cfg sysctl.conf
#!/bin/sh
set -eu
umask 022
cd "$OUT"
mkdir -p boot dev home media mnt proc run srv sys etc/ld.so.conf.d etc/opt etc/profile.d etc/skel etc/sysctl.d opt usr/include usr/lib/sysctl.d usr/share/info usr/src usr/local/bin usr/local/etc usr/local/games usr/local/include usr/local/lib usr/local/sbin usr/local/share/man usr/local/src var/cache var/lib/hwclock var/lib/misc var/lib/sshd var/local var/log var/mail var/opt var/spool usr/bin usr/sbin usr/lib usr/lib64 usr/local/lib64
mkdir -p -m 0750 root
mkdir -p -m 1777 tmp var/tmp
ln -s ../run var/run
ln -s ../run/lock var/lock
ln -s ../proc/self/mounts etc/mtab
ln -s usr/bin bin
ln -s usr/sbin sbin
ln -s usr/lib lib
ln -s usr/lib64 lib64
cp $FILES/fstab etc/fstab
cp $FILES/group etc/group
cp $FILES/inittab etc/inittab
cp $FILES/inputrc etc/inputrc
cp $FILES/issue etc/issue
cp $FILES/nsswitch.conf etc/nsswitch.conf
cp $FILES/os-release etc/os-release
cp $FILES/passwd etc/passwd
cp $FILES/profile etc/profile
cp $FILES/shells etc/shells
cp $FILES/syslog.conf etc/syslog.conf
sed 's/^\([^:]*\):x:[0-9]*:/\1:!::/' etc/group > etc/gshadow
chmod 600 etc/gshadow
mkdir boot/grub
cp $FILES/grub.cfg boot/grub/grub.cfg
cp $FILES/sysctl.conf usr/lib/sysctl.d/50-default.conf
touch var/log/wtmp
touch var/log/lastlog
touch var/log/faillog
touch var/log/btmp
touch var/log/auth.log
touch var/log/kern.log
touch var/log/messages
objects="^\(!<arch>\|$(printf '\177')ELF\)"
find "$OUT" -type f \( -name '*.[ao]' -o -name '*.so*' -o -perm -100 \) -exec grep -lZ "$objects" {} + \
    > "$HOME/objects" || [ $? = 1 ]  # where there are none
xargs -0 -r chmod u+w < "$HOME/objects"
grep -z '\.[ao]$' "$HOME/objects" | xargs -0 -r strip --strip-debug --enable-deterministic-archives
grep -zv '\.[ao]$' "$HOME/objects" | xargs -0 -r strip --strip-unneeded
