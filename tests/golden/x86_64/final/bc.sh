# needs: the-whole-system final/readline-64 final/ncurses-64 final/linux-headers final/glibc-64 final/binutils final/gcc final/gmp-64 final/mpfr final/mpc final/isl final/zlib-64
# sources: bc-1.07.1.tar.gz
#!/bin/sh
set -eu
umask 022
mkdir -p "$SRC"
tar --no-same-owner --strip-components=1 -xf "$SOURCES/bc-1.07.1.tar.gz" -C "$SRC"
cd "$SRC"
mkdir -p "bc"
cat > "bc/fix-libmath_h" <<'END'
#!/bin/sh
sed -e '1s/^/{"/' -e '2,$s/^/"/' -e 's/$/",/' -e '$d' libmath.h | sed '$s/,$/,0}/' > libmath.new
mv libmath.new libmath.h
END
mkdir -p "$BUILD"
cd "$BUILD"
CC='gcc -m64' CXX='g++ -m64' CFLAGS=-O2 CXXFLAGS=-O2 LEXLIB= "$(realpath --relative-to=. "$SRC")/configure" \
    --prefix=/usr \
    --build=x86_64-ruckus-linux-gnu \
    --libdir=/usr/lib64 \
    --sysconfdir=/etc \
    --localstatedir=/var \
    --disable-static \
    --disable-dependency-tracking \
    --with-readline
make MAKEINFO=makeinfo
make install MAKEINFO=makeinfo DESTDIR="$OUT"
grep '^#define READLINE 1' config.h
objects="^\(!<arch>\|$(printf '\177')ELF\)"
find "$OUT" -type f \( -name '*.[ao]' -o -name '*.so*' -o -perm -100 \) -exec grep -lZ "$objects" {} + \
    > "$HOME/objects" || [ $? = 1 ]  # where there are none
xargs -0 -r chmod u+w < "$HOME/objects"
grep -z '\.[ao]$' "$HOME/objects" | xargs -0 -r strip --strip-debug --enable-deterministic-archives
grep -zv '\.[ao]$' "$HOME/objects" | xargs -0 -r strip --strip-unneeded
