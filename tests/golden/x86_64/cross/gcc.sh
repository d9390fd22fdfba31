# needs: hostprep/gmp hostprep/mpfr hostprep/mpc hostprep/isl cross/binutils source/gcc cross/linux-headers cross/glibc-32 cross/glibc-64
# tools: m4 flex bison
# files: specs.patch
# replaces: cross/gcc-static
# objects: gcc x86
# layout: multilib gcc/config/i386/linux64.h gcc/config/i386/t-linux64
#!/bin/sh
set -eu
umask 022
shared=$SRC SRC="$HOME/edited"
mkdir "$SRC"
ln -s "$shared"/* "$SRC"
for folder in gcc gcc/config gcc/config/i386 libgcc; do
    rm "$SRC/$folder"
    mkdir "$SRC/$folder"
    ln -s "$shared/$folder"/* "$SRC/$folder"
done
for file in gcc/config/i386/linux.h gcc/config/i386/linux64.h gcc/config/i386/t-linux64 gcc/config/linux.h; do
    cp --remove-destination "$shared/$file" "$SRC/$file"
done
sed -E -e '/^(--- |\+\+\+ |diff |Index: |rename |copy )/b' -e 's,(^[-+ ]?|[^]A-Za-z0-9_.+/~%@*?)}\$-]|(^|[^A-Za-z0-9_-])-(I|L|B|R|isystem|idirafter)|:-|\$CLFS|\$\{CLFS\}|\$\(CLFS\))/cross-tools($|[^A-Za-z0-9_.+~%@-]|\.($|[^A-Za-z0-9_])),\1\x01\4,g' -e 's,(^[-+ ]?|[^]A-Za-z0-9_.+/~%@*?)}\$-]|(^|[^A-Za-z0-9_-])-(I|L|B|R|isystem|idirafter)|:-|\$CLFS|\$\{CLFS\}|\$\(CLFS\))/cross-tools($|[^A-Za-z0-9_.+~%@-]|\.($|[^A-Za-z0-9_])),\1\x01\4,g' -e 's,(^[-+ ]?|[^]A-Za-z0-9_.+/~%@*?)}\$-]|(^|[^A-Za-z0-9_-])-(I|L|B|R|isystem|idirafter)|:-|\$CLFS|\$\{CLFS\}|\$\(CLFS\))/tools($|[^A-Za-z0-9_.+~%@-]|\.($|[^A-Za-z0-9_])),\1\x02\4,g' -e 's,(^[-+ ]?|[^]A-Za-z0-9_.+/~%@*?)}\$-]|(^|[^A-Za-z0-9_-])-(I|L|B|R|isystem|idirafter)|:-|\$CLFS|\$\{CLFS\}|\$\(CLFS\))/tools($|[^A-Za-z0-9_.+~%@-]|\.($|[^A-Za-z0-9_])),\1\x02\4,g' -e 's,\x01,/cross-tools,g' -e 's,\x02,/tools,g' "$FILES/specs.patch" > "$HOME/rewritten.patch"
patch -d "$SRC" -p1 -i "$HOME/rewritten.patch"
cd "$SRC"
mkdir -p "$BUILD"
cd "$BUILD"
CC='gcc -std=gnu17' CXX='g++ -std=gnu++17' CFLAGS=-O2 CXXFLAGS=-O2 CFLAGS_FOR_TARGET=-O2 CXXFLAGS_FOR_TARGET=-O2 "$SRC/configure" \
    --prefix=/cross-tools \
    --build=x86_64-cross-linux-gnu \
    --host=x86_64-cross-linux-gnu \
    --target=x86_64-ruckus-linux-gnu \
    --with-sysroot=/ \
    --with-local-prefix=/tools \
    --with-native-system-header-dir=/tools/include \
    --with-gmp=/hostprep \
    --with-mpfr=/hostprep \
    --with-mpc=/hostprep \
    --with-isl=/hostprep \
    --enable-multilib \
    --with-multilib-list=m32,m64 \
    --disable-nls \
    --disable-lto \
    --disable-plugin \
    --disable-decimal-float \
    --disable-libgomp \
    --disable-libssp \
    --disable-libitm \
    --disable-libsanitizer \
    --disable-libquadmath \
    --disable-libvtv \
    --without-zstd \
    --enable-shared \
    --enable-threads=posix \
    --enable-__cxa_atexit \
    --disable-libstdcxx-pch \
    --enable-languages=c,c++
make MAKEINFO=true
make install DESTDIR="$OUT" MAKEINFO=true
mkdir -p "$OUT/tools/lib64"
cp -a "$OUT/cross-tools/x86_64-ruckus-linux-gnu/lib64"/lib*.so* "$OUT/tools/lib64"
mkdir -p "$OUT/tools/lib"
cp -a "$OUT/cross-tools/x86_64-ruckus-linux-gnu/lib"/lib*.so* "$OUT/tools/lib"
