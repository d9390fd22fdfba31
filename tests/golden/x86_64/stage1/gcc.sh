# needs: cross/gcc stage1/gmp stage1/mpfr stage1/mpc stage1/isl stage1/zlib-64 source/gcc cross/binutils cross/linux-headers cross/glibc-64
# tools: m4 flex bison
# files: specs.patch
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
CC='x86_64-ruckus-linux-gnu-gcc -m64' CXX='x86_64-ruckus-linux-gnu-g++ -m64' CFLAGS=-O2 CXXFLAGS=-O2 CC_FOR_BUILD='gcc -std=gnu17' PKG_CONFIG=false CFLAGS_FOR_TARGET=-O2 CXXFLAGS_FOR_TARGET=-O2 CXX_FOR_BUILD='g++ -std=gnu++17' "$SRC/configure" \
    --prefix=/tools \
    --build=x86_64-cross-linux-gnu \
    --host=x86_64-ruckus-linux-gnu \
    --libdir=/tools/lib64 \
    --disable-nls \
    --disable-dependency-tracking \
    --target=x86_64-ruckus-linux-gnu \
    --with-local-prefix=/tools \
    --with-native-system-header-dir=/tools/include \
    --enable-multilib \
    --with-multilib-list=m32,m64 \
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
    --enable-languages=c,c++ \
    --with-system-zlib \
    --with-build-sysroot=/
make all-gcc MAKEINFO=true
make install-gcc DESTDIR="$OUT" MAKEINFO=true
for manuals in doc info man; do
    rm -rf "$OUT/tools/share/$manuals"
done
cp -a /cross-tools/lib/gcc/x86_64-ruckus-linux-gnu "$OUT/tools/lib64/gcc"
cp -a /cross-tools/x86_64-ruckus-linux-gnu/include "$OUT/tools"
ln -s gcc "$OUT/tools/bin/cc"
rm -r "$OUT/tools"/lib*/gcc/x86_64-ruckus-linux-gnu/*/install-tools  # for fixing headers once more
mkdir -p "$OUT/tools/lib64"
cp /cross-tools/x86_64-ruckus-linux-gnu/lib64/lib*.a "$OUT/tools/lib64"
mkdir -p "$OUT/tools/lib"
cp /cross-tools/x86_64-ruckus-linux-gnu/lib/lib*.a "$OUT/tools/lib"
