# needs: the-whole-system final/openssl-64 final/zlib-64 final/libxcrypt-64 final/linux-headers final/glibc-64 final/binutils final/gcc final/gmp-64 final/mpfr final/mpc final/isl
# sources: openssh-10.0p1.tar.gz
#!/bin/sh
set -eu
umask 022
mkdir -p "$SRC"
tar --no-same-owner --strip-components=1 -xf "$SOURCES/openssh-10.0p1.tar.gz" -C "$SRC"
cd "$SRC"
BUILD=$SRC
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
    --sysconfdir=/etc/ssh \
    --with-privsep-user=sshd \
    --with-privsep-path=/var/lib/sshd \
    --with-sandbox=seccomp_filter \
    --with-pid-dir=/run \
    --with-lastlog=/var/log/lastlog \
    --with-default-path=/usr/local/bin:/usr/bin \
    --with-superuser-path=/usr/local/sbin:/usr/local/bin:/usr/bin:/usr/sbin \
    --with-mantype=doc \
    --disable-strip \
    --without-kerberos5 \
    --without-ldns \
    --without-libedit \
    --without-pam \
    --without-security-key-builtin \
    --without-selinux
make MAKEINFO=true
make install-nokeys DESTDIR="$OUT" MAKEINFO=true
objects="^\(!<arch>\|$(printf '\177')ELF\)"
find "$OUT" -type f \( -name '*.[ao]' -o -name '*.so*' -o -perm -100 \) -exec grep -lZ "$objects" {} + \
    > "$HOME/objects" || [ $? = 1 ]  # where there are none
xargs -0 -r chmod u+w < "$HOME/objects"
grep -z '\.[ao]$' "$HOME/objects" | xargs -0 -r strip --strip-debug --enable-deterministic-archives
grep -zv '\.[ao]$' "$HOME/objects" | xargs -0 -r strip --strip-unneeded
for program in /usr/libexec/ssh-keysign; do
    readelf -dW "$OUT$program" | grep '(FLAGS_1) .* NOW PIE$'
done
