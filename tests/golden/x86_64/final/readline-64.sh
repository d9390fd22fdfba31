# needs: the-whole-system final/ncurses-64 final/linux-headers final/glibc-64 final/binutils final/gcc final/gmp-64 final/mpfr final/mpc final/isl final/zlib-64
# sources: readline-8.2.tar.gz
#!/bin/sh
set -eu
umask 022
mkdir -p "$SRC"
tar --no-same-owner --strip-components=1 -xf "$SOURCES/readline-8.2.tar.gz" -C "$SRC"
cd "$SRC"
grep -qF -e '-Wl,-rpath,$(libdir) ' support/shobj-conf || { echo 'error: support/shobj-conf has no -Wl,-rpath,$(libdir) ' >&2; exit 1; }
sed -i 's|-Wl,-rpath,\$(libdir) ||g' support/shobj-conf
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
    --with-curses \
    bash_cv_wcwidth_broken=no
make SHLIB_LIBS=-lncursesw MAKEINFO=true
make install SHLIB_LIBS=-lncursesw DESTDIR="$OUT" MAKEINFO=true
objects="^\(!<arch>\|$(printf '\177')ELF\)"
find "$OUT" -type f \( -name '*.[ao]' -o -name '*.so*' -o -perm -100 \) -exec grep -lZ "$objects" {} + \
    > "$HOME/objects" || [ $? = 1 ]  # where there are none
xargs -0 -r chmod u+w < "$HOME/objects"
grep -z '\.[ao]$' "$HOME/objects" | xargs -0 -r strip --strip-debug --enable-deterministic-archives
grep -zv '\.[ao]$' "$HOME/objects" | xargs -0 -r strip --strip-unneeded
