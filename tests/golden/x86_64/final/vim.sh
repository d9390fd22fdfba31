# needs: the-whole-system final/ncurses-64 final/acl-64 final/attr-64 final/linux-headers final/glibc-64 final/binutils final/gcc final/gmp-64 final/mpfr final/mpc final/isl final/zlib-64
# sources: vim
#!/bin/sh
set -eu
umask 022
mkdir -p "$SRC"
tar --no-same-owner --strip-components=1 -xf "$SOURCES/vim" -C "$SRC"
cd "$SRC"
BUILD=$SRC
echo '#define SYS_VIMRC_FILE "/etc/vimrc"' >> src/feature.h
grep -qF -e 'MANDEF="man"' src/auto/configure || { echo 'error: src/auto/configure has no MANDEF="man"' >&2; exit 1; }
sed -i 's,MANDEF="man",MANDEF="man -s",g' src/auto/configure
mkdir -p "$BUILD"
cd "$BUILD"
CC='gcc -m64' CXX='g++ -m64' CFLAGS=-O2 CXXFLAGS=-O2 "$(realpath --relative-to=. "$SRC")/configure" \
    --prefix=/usr \
    --build=x86_64-ruckus-linux-gnu \
    --libdir=/usr/lib64 \
    --sysconfdir=/etc \
    --localstatedir=/var \
    --disable-static \
    --disable-dependency-tracking \
    --with-features=huge \
    --with-tlib=ncursesw \
    --with-local-dir=no \
    --with-compiledby=Ruckus \
    --enable-acl \
    --enable-gui=no \
    --without-x \
    --disable-canberra \
    --disable-gpm \
    --disable-libsodium \
    --disable-selinux
make MAKEINFO=true
make install DESTDIR="$OUT" MAKEINFO=true
ln -s vim "$OUT/usr/bin/vi"
rm "$OUT"/usr/share/vim/vim*/tools/vim132  # for csh
readelf -d "$OUT/usr/bin/vim" | grep -F '[libacl.so'
objects="^\(!<arch>\|$(printf '\177')ELF\)"
find "$OUT" -type f \( -name '*.[ao]' -o -name '*.so*' -o -perm -100 \) -exec grep -lZ "$objects" {} + \
    > "$HOME/objects" || [ $? = 1 ]  # where there are none
xargs -0 -r chmod u+w < "$HOME/objects"
grep -z '\.[ao]$' "$HOME/objects" | xargs -0 -r strip --strip-debug --enable-deterministic-archives
grep -zv '\.[ao]$' "$HOME/objects" | xargs -0 -r strip --strip-unneeded
