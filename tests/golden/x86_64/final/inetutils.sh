# needs: the-whole-system final/ncurses-64 final/readline-64 final/linux-headers final/glibc-64 final/binutils final/gcc final/gmp-64 final/mpfr final/mpc final/isl final/zlib-64
# sources: inetutils-2.6.tar.xz
#!/bin/sh
set -eu
umask 022
mkdir -p "$SRC"
tar --no-same-owner --strip-components=1 -xf "$SOURCES/inetutils-2.6.tar.xz" -C "$SRC"
cd "$SRC"
BUILD=$SRC
grep -qF -e '#ifdef HAVE_TERMCAP_TGETENT' telnet/telnet.c || { echo 'error: telnet/telnet.c has no #ifdef HAVE_TERMCAP_TGETENT' >&2; exit 1; }
sed -i 's,#ifdef HAVE_TERMCAP_TGETENT,#if 1,g' telnet/telnet.c
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
    --libexecdir=/usr/sbin \
    --disable-servers \
    --enable-syslogd \
    --disable-logger \
    --disable-rcp \
    --disable-rexec \
    --disable-rlogin \
    --disable-rsh \
    --disable-talk \
    --disable-tftp \
    --disable-whois \
    --without-idn \
    --without-krb5 \
    --without-pam \
    --without-shishi \
    --without-wrap \
    ac_cv_lib_crypt_crypt=no
make SUIDMODE= MAKEINFO=true
make install SUIDMODE= DESTDIR="$OUT" MAKEINFO=true
mv "$OUT/usr/bin/ifconfig" "$OUT/usr/sbin"
readelf -d "$OUT/usr/bin/ftp" | grep -F '[libreadline.so'
readelf -d "$OUT/usr/bin/telnet" | grep -F '[libncursesw.so'
objects="^\(!<arch>\|$(printf '\177')ELF\)"
find "$OUT" -type f \( -name '*.[ao]' -o -name '*.so*' -o -perm -100 \) -exec grep -lZ "$objects" {} + \
    > "$HOME/objects" || [ $? = 1 ]  # where there are none
xargs -0 -r chmod u+w < "$HOME/objects"
grep -z '\.[ao]$' "$HOME/objects" | xargs -0 -r strip --strip-debug --enable-deterministic-archives
grep -zv '\.[ao]$' "$HOME/objects" | xargs -0 -r strip --strip-unneeded
for program in /usr/bin/ping /usr/bin/ping6 /usr/bin/traceroute; do
    readelf -dW "$OUT$program" | grep '(FLAGS_1) .* NOW PIE$'
done
