# needs: the-whole-system final/pkgconf final/sqlite final/bzip2-64 final/expat-64 final/gdbm-64 final/libffi-64 final/ncurses-64 final/openssl-64 final/readline-64 final/util-linux-64 final/xz-64 final/zlib-64 final/linux-headers final/glibc-64 final/binutils final/gcc final/gmp-64 final/mpfr final/mpc final/isl
# sources: Python-3.13.5.tar.xz
#!/bin/sh
set -eu
umask 022
mkdir -p "$SRC"
tar --no-same-owner --strip-components=1 -xf "$SOURCES/Python-3.13.5.tar.xz" -C "$SRC"
cd "$SRC"
mkdir -p "$BUILD"
cd "$BUILD"
CC='gcc -m64' CXX='g++ -m64' CFLAGS=-O2 CXXFLAGS=-O2 OPT=-Wall "$(realpath --relative-to=. "$SRC")/configure" \
    --prefix=/usr \
    --build=x86_64-ruckus-linux-gnu \
    --libdir=/usr/lib64 \
    --sysconfdir=/etc \
    --localstatedir=/var \
    --disable-static \
    --disable-dependency-tracking \
    --with-platlibdir=lib64 \
    --enable-shared \
    --without-static-libpython \
    --disable-test-modules \
    --without-ensurepip \
    --with-system-expat \
    --without-system-libmpdec \
    --with-readline=readline \
    py_cv_module__dbm=n/a \
    py_cv_module__tkinter=n/a
make PYTHONSTRICTEXTENSIONBUILD=1 MAKEINFO=true
make install DESTDIR="$OUT" MAKEINFO=true
ln -s python3 "$OUT/usr/bin/python"
LD_LIBRARY_PATH=. ./python -c "import _bz2, _curses, _curses_panel, _lzma, zlib, _decimal, _multiprocessing, _posixshmem, _socket, fcntl, grp, hashlib, mmap, pwd, pyexpat, resource, select, syslog, termios, threading, _ctypes, _gdbm, _hashlib, _sqlite3, _ssl, _uuid, readline"
# Where it was built is nothing to those who build modules with it.
cd "$OUT/usr/lib64"/python3.*
rm __pycache__/_sysconfigdata_*
sed -i "s,$SRC,/usr/src,g; s,$BUILD,/usr/src,g" _sysconfigdata_*.py config-*/Makefile config-*/*.c
find "$OUT" -name '*.opt-?.pyc' -delete  # for python -O and -OO, which compile without them
rm -rf config-*/__pycache__  # there or not, as the parallel make of `make install` has it
LD_LIBRARY_PATH="$BUILD" "$BUILD/python" -m compileall -q -s "$OUT" -p / "$PWD"/_sysconfigdata_*.py
objects="^\(!<arch>\|$(printf '\177')ELF\)"
find "$OUT" -type f \( -name '*.[ao]' -o -name '*.so*' -o -perm -100 \) -exec grep -lZ "$objects" {} + \
    > "$HOME/objects" || [ $? = 1 ]  # where there are none
xargs -0 -r chmod u+w < "$HOME/objects"
grep -z '\.[ao]$' "$HOME/objects" | xargs -0 -r strip --strip-debug --enable-deterministic-archives
grep -zv '\.[ao]$' "$HOME/objects" | xargs -0 -r strip --strip-unneeded
