# needs: the-whole-system final/libxcrypt-64 final/attr-64 final/acl-64 final/libcap-64 final/linux-headers final/glibc-64 final/binutils final/gcc final/gmp-64 final/mpfr final/mpc final/isl final/zlib-64
# sources: shadow-4.17.4.tar.xz
#!/bin/sh
set -eu
umask 022
mkdir -p "$SRC"
tar --no-same-owner --strip-components=1 -xf "$SOURCES/shadow-4.17.4.tar.xz" -C "$SRC"
cd "$SRC"
grep -qF -e '#ENCRYPT_METHOD DES' etc/login.defs || { echo 'error: etc/login.defs has no #ENCRYPT_METHOD DES' >&2; exit 1; }
sed -i 's,#ENCRYPT_METHOD DES,ENCRYPT_METHOD YESCRYPT,g' etc/login.defs
grep -qF -e /var/spool/mail etc/login.defs || { echo 'error: etc/login.defs has no /var/spool/mail' >&2; exit 1; }
sed -i s,/var/spool/mail,/var/mail,g etc/login.defs
grep -qF -e PATH=/sbin:/bin:/usr/sbin:/usr/bin etc/login.defs || { echo 'error: etc/login.defs has no PATH=/sbin:/bin:/usr/sbin:/usr/bin' >&2; exit 1; }
sed -i s,PATH=/sbin:/bin:/usr/sbin:/usr/bin,PATH=/usr/local/sbin:/usr/local/bin:/usr/bin:/usr/sbin,g etc/login.defs
grep -qF -e PATH=/bin:/usr/bin etc/login.defs || { echo 'error: etc/login.defs has no PATH=/bin:/usr/bin' >&2; exit 1; }
sed -i s,PATH=/bin:/usr/bin,PATH=/usr/local/bin:/usr/bin,g etc/login.defs
grep -qF -e '#HOME_MODE' etc/login.defs || { echo 'error: etc/login.defs has no #HOME_MODE' >&2; exit 1; }
sed -i 's,#HOME_MODE,HOME_MODE,g' etc/login.defs
mkdir -p "$BUILD"
cd "$BUILD"
CC='gcc -m64' CXX='g++ -m64' CFLAGS='-O2 -fPIE -fstack-protector-strong -D_FORTIFY_SOURCE=3' CXXFLAGS=-O2 LDFLAGS='-pie -Wl,-z,now' "$(realpath --relative-to=. "$SRC")/configure" \
    --prefix=/usr \
    --build=x86_64-ruckus-linux-gnu \
    --libdir=/usr/lib64 \
    --sysconfdir=/etc \
    --localstatedir=/var \
    --disable-static \
    --disable-dependency-tracking \
    --with-yescrypt \
    --with-acl \
    --with-attr \
    --disable-logind \
    --without-audit \
    --without-btrfs \
    --without-libbsd \
    --without-libpam \
    --without-selinux \
    --without-nscd \
    --without-sssd \
    --without-tcb \
    shadow_cv_maildir=/var/mail \
    shadow_cv_mailfile=none \
    shadow_cv_logdir=/var/log
make exec_prefix=/usr MAKEINFO=true
make install exec_prefix=/usr DESTDIR="$OUT" MAKEINFO=true
nm -D "$OUT/usr/bin/newuidmap" | grep -w capset
make -C man install-man DESTDIR="$OUT" MAKEINFO=true
cd "$OUT"
rm usr/share/man/man3/getspnam.3 usr/share/man/man5/passwd.5
mkdir etc/default
echo GROUP=999 > etc/default/useradd  # of those without a group of their own (LFS)
touch etc/subuid etc/subgid  # newuidmap: useradd gives numbers where these are
objects="^\(!<arch>\|$(printf '\177')ELF\)"
find "$OUT" -type f \( -name '*.[ao]' -o -name '*.so*' -o -perm -100 \) -exec grep -lZ "$objects" {} + \
    > "$HOME/objects" || [ $? = 1 ]  # where there are none
xargs -0 -r chmod u+w < "$HOME/objects"
grep -z '\.[ao]$' "$HOME/objects" | xargs -0 -r strip --strip-debug --enable-deterministic-archives
grep -zv '\.[ao]$' "$HOME/objects" | xargs -0 -r strip --strip-unneeded
for program in /usr/bin/chage /usr/bin/chfn /usr/bin/chsh /usr/bin/expiry /usr/bin/gpasswd /usr/bin/newgidmap /usr/bin/newgrp /usr/bin/newuidmap /usr/bin/passwd /usr/bin/su; do
    readelf -dW "$OUT$program" | grep '(FLAGS_1) .* NOW PIE$'
done
