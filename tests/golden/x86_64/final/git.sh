# needs: the-whole-system final/curl final/expat-64 final/openssl-64 final/zlib-64 final/zstd-64 final/linux-headers final/glibc-64 final/binutils final/gcc final/gmp-64 final/mpfr final/mpc final/isl
# sources: git
#!/bin/sh
set -eu
umask 022
mkdir -p "$SRC"
tar --no-same-owner --strip-components=1 -xf "$SOURCES/git" -C "$SRC"
cd "$SRC"
BUILD=$SRC
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
    --with-curl \
    --with-expat \
    --with-openssl \
    --without-libpcre2 \
    --without-tcltk
make INSTALL_SYMLINKS=1 PYTHON_PATH=/usr/bin/python3 MAKEINFO=true
make install INSTALL_SYMLINKS=1 PYTHON_PATH=/usr/bin/python3 DESTDIR="$OUT" MAKEINFO=true
completions="$OUT/usr/share/bash-completion/completions"
install -D -m 644 contrib/completion/git-completion.bash "$completions/git"
programs="$OUT/usr/libexec/git-core"
for library in curl expat ssl; do
    readelf -d "$programs/git-http-push" "$programs/git-imap-send" | grep -F "[lib$library.so"
done
objects="^\(!<arch>\|$(printf '\177')ELF\)"
find "$OUT" -type f \( -name '*.[ao]' -o -name '*.so*' -o -perm -100 \) -exec grep -lZ "$objects" {} + \
    > "$HOME/objects" || [ $? = 1 ]  # where there are none
xargs -0 -r chmod u+w < "$HOME/objects"
grep -z '\.[ao]$' "$HOME/objects" | xargs -0 -r strip --strip-debug --enable-deterministic-archives
grep -zv '\.[ao]$' "$HOME/objects" | xargs -0 -r strip --strip-unneeded
