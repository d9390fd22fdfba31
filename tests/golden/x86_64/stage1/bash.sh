# needs: stage1/ncurses-64 cross/binutils cross/gcc-static cross/linux-headers cross/glibc-64
# sources: bash-5.2.37.tar.gz
#!/bin/sh
set -eu
umask 022
mkdir -p "$SRC"
tar --no-same-owner --strip-components=1 -xf "$SOURCES/bash-5.2.37.tar.gz" -C "$SRC"
cd "$SRC"
mkdir -p "$BUILD"
cd "$BUILD"
CC='x86_64-ruckus-linux-gnu-gcc -m64' CXX=false CFLAGS=-O2 CXXFLAGS=-O2 CC_FOR_BUILD='gcc -std=gnu17' PKG_CONFIG=false "$SRC/configure" \
    --prefix=/tools \
    --build=x86_64-cross-linux-gnu \
    --host=x86_64-ruckus-linux-gnu \
    --libdir=/tools/lib64 \
    --disable-nls \
    --disable-dependency-tracking \
    --without-bash-malloc \
    --with-curses \
    bash_cv_func_sigsetjmp=present \
    bash_cv_getcwd_malloc=yes \
    bash_cv_job_control_missing=present \
    bash_cv_sys_named_pipes=present \
    bash_cv_ulimit_maxfds=yes \
    bash_cv_unusable_rtsigs=no \
    bash_cv_wcontinued_broken=no \
    bash_cv_printf_a_format=yes
make MAKEINFO=true
make install DESTDIR="$OUT" MAKEINFO=true
for manuals in doc info man; do
    rm -rf "$OUT/tools/share/$manuals"
done
ln -s bash "$OUT/tools/bin/sh"
rm -r "$OUT/tools/lib64/bash"
