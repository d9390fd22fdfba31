# needs: hostprep/gmp hostprep/mpfr hostprep/mpc hostprep/isl cross/binutils source/gcc
# tools: m4 flex bison
# objects: gcc x86
#!/bin/sh
set -eu
umask 022
shared=$SRC SRC="$HOME/edited"
mkdir -p "$SRC/."
find "$shared/." -mindepth 1 -maxdepth 1 ! -name gcc ! -name libgcc -exec ln -s -t "$SRC/." {} +
mkdir -p "$SRC/gcc"
find "$shared/gcc" -mindepth 1 -maxdepth 1 ! -name config -exec ln -s -t "$SRC/gcc" {} +
mkdir -p "$SRC/gcc/config"
find "$shared/gcc/config" -mindepth 1 -maxdepth 1 ! -name i386 ! -name linux.h -exec ln -s -t "$SRC/gcc/config" {} +
mkdir -p "$SRC/gcc/config/i386"
find "$shared/gcc/config/i386" -mindepth 1 -maxdepth 1 ! -name linux.h ! -name linux64.h ! -name t-linux64 -exec ln -s -t "$SRC/gcc/config/i386" {} +
mkdir -p "$SRC/libgcc"
find "$shared/libgcc" -mindepth 1 -maxdepth 1 -exec ln -s -t "$SRC/libgcc" {} +
cp "$shared/gcc/config/linux.h" "$SRC/gcc/config/linux.h"
cp "$shared/gcc/config/i386/linux.h" "$SRC/gcc/config/i386/linux.h"
cp "$shared/gcc/config/i386/linux64.h" "$SRC/gcc/config/i386/linux64.h"
cp "$shared/gcc/config/i386/t-linux64" "$SRC/gcc/config/i386/t-linux64"
cd "$SRC"
for header in linux.h i386/linux.h i386/linux64.h; do
    sed -i -E 's#"/(lib|lib64|libx32)/ld-linux#"/tools/\1/ld-linux#g' "gcc/config/$header"
done
cat >> gcc/config/linux.h <<'END'
#undef STANDARD_STARTFILE_PREFIX_1
#undef STANDARD_STARTFILE_PREFIX_2
#define STANDARD_STARTFILE_PREFIX_1 "/tools/lib/"
#define STANDARD_STARTFILE_PREFIX_2 ""
END
sed -i 's,^\(MULTILIB_OSDIRNAMES+= m32=\).*,\1../lib,' gcc/config/i386/t-linux64
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
    --without-headers \
    --with-newlib \
    --with-glibc-version=2.41 \
    --disable-shared \
    --disable-threads \
    --disable-libatomic \
    --disable-libstdcxx \
    --enable-languages=c
make MAKEINFO=true all-gcc all-target-libgcc
make MAKEINFO=true install-gcc install-target-libgcc DESTDIR="$OUT"
cd "$SRC/gcc"
for limits in "$OUT/cross-tools/lib/gcc/x86_64-ruckus-linux-gnu"/*/include/limits.h; do
    cat limitx.h glimits.h limity.h > "$limits"
done
