# needs: stage1/zlib-64 stage1/libxcrypt-64 cross/binutils cross/gcc-static cross/linux-headers cross/glibc-64
# sources: dropbear-2025.89.tar.bz2
#!/bin/sh
set -eu
umask 022
mkdir -p "$SRC"
tar --no-same-owner --strip-components=1 -xf "$SOURCES/dropbear-2025.89.tar.bz2" -C "$SRC"
cd "$SRC"
mkdir -p "$BUILD"
cat > "$BUILD/localoptions.h" <<'END'
#define DEFAULT_PATH "/tools/bin:/bin:/usr/bin"
#define DEFAULT_ROOT_PATH "/tools/sbin:/sbin:/usr/sbin:/tools/bin:/bin:/usr/bin"
#define DROPBEAR_PATH_SSH_PROGRAM "/tools/bin/dbclient"
END
mkdir -p "$BUILD"
cd "$BUILD"
CC='x86_64-ruckus-linux-gnu-gcc -m64' CXX=false CFLAGS=-O2 CXXFLAGS=-O2 CC_FOR_BUILD='gcc -std=gnu17' PKG_CONFIG=false "$SRC/configure" \
    --prefix=/tools \
    --build=x86_64-cross-linux-gnu \
    --host=x86_64-ruckus-linux-gnu \
    --libdir=/tools/lib64 \
    --disable-nls \
    --disable-dependency-tracking \
    --enable-bundled-libtom \
    --disable-lastlog \
    --disable-utmp \
    --disable-wtmp \
    --disable-pam
make PROGRAMS='dropbear dbclient dropbearkey dropbearconvert scp' MAKEINFO=true
make install PROGRAMS='dropbear dbclient dropbearkey dropbearconvert scp' DESTDIR="$OUT" MAKEINFO=true
for manuals in doc info man; do
    rm -rf "$OUT/tools/share/$manuals"
done
