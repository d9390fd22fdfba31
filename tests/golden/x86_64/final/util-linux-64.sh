# needs: the-whole-system final/ncurses-64 final/readline-64 final/libxcrypt-64 final/linux-headers final/glibc-64 final/binutils final/gcc final/gmp-64 final/mpfr final/mpc final/isl final/zlib-64
# sources: util-linux-2.41.5.tar.xz
#!/bin/sh
set -eu
umask 022
mkdir -p "$SRC"
tar --no-same-owner --strip-components=1 -xf "$SOURCES/util-linux-2.41.5.tar.xz" -C "$SRC"
cd "$SRC"
BUILD=$SRC
mkdir -p "$BUILD"
cd "$BUILD"
CC='gcc -m64' CXX='g++ -m64' CFLAGS='-O2 -fPIE -fstack-protector-strong -D_FORTIFY_SOURCE=3' CXXFLAGS=-O2 LDFLAGS='-pie -Wl,-z,now' ADJTIME_PATH=/var/lib/hwclock/adjtime "$(realpath --relative-to=. "$SRC")/configure" \
    --prefix=/usr \
    --build=x86_64-ruckus-linux-gnu \
    --libdir=/usr/lib64 \
    --sysconfdir=/etc \
    --localstatedir=/var \
    --disable-static \
    --disable-dependency-tracking \
    --bindir=/usr/bin \
    --sbindir=/usr/sbin \
    --runstatedir=/run \
    --disable-makeinstall-chown \
    --disable-makeinstall-setuid \
    --disable-chfn-chsh \
    --disable-login \
    --disable-nologin \
    --disable-runuser \
    --disable-setpriv \
    --disable-su \
    --disable-liblastlog2 \
    --disable-asciidoc \
    --disable-pylibmount \
    --without-python \
    --without-systemd \
    --without-udev \
    --without-cap-ng \
    --without-libmagic \
    --without-libz \
    --with-ncursesw \
    --with-readline \
    --without-tinfo \
    --disable-uuidd \
    --enable-sulogin
make MAKEINFO=true
make install DESTDIR="$OUT" MAKEINFO=true
objects="^\(!<arch>\|$(printf '\177')ELF\)"
find "$OUT" -type f \( -name '*.[ao]' -o -name '*.so*' -o -perm -100 \) -exec grep -lZ "$objects" {} + \
    > "$HOME/objects" || [ $? = 1 ]  # where there are none
xargs -0 -r chmod u+w < "$HOME/objects"
grep -z '\.[ao]$' "$HOME/objects" | xargs -0 -r strip --strip-debug --enable-deterministic-archives
grep -zv '\.[ao]$' "$HOME/objects" | xargs -0 -r strip --strip-unneeded
for program in /usr/bin/mount /usr/bin/umount; do
    readelf -dW "$OUT$program" | grep '(FLAGS_1) .* NOW PIE$'
done
