# needs: the-whole-system final/linux-headers cross/linux-headers cross/glibc-32 cross/glibc-64
# sources: glibc-2.41.tar.xz
#!/bin/sh
set -eu
umask 022
mkdir -p "$SRC"
tar --no-same-owner --strip-components=1 --no-wildcards-match-slash --exclude='*/ChangeLog.old' -xf "$SOURCES/glibc-2.41.tar.xz" -C "$SRC"
cd "$SRC"
mkdir -p "$BUILD"
cat > "$BUILD/configparms" <<'END'
rootsbindir=/usr/sbin
END
mkdir -p "$BUILD"
cd "$BUILD"
CC='gcc -m32' CXX='g++ -m32' CFLAGS=-O2 CXXFLAGS=-O2 "$(realpath --relative-to=. "$SRC")/configure" \
    --prefix=/usr \
    --build=i686-ruckus-linux-gnu \
    --libdir=/usr/lib \
    --sysconfdir=/etc \
    --localstatedir=/var \
    --disable-static \
    --disable-dependency-tracking \
    --with-headers=/usr/include \
    --disable-werror \
    --disable-nscd \
    --without-selinux \
    libc_cv_slibdir=/usr/lib \
    libc_cv_rtlddir=/lib
make MAKEINFO=:
{ make -k check MAKEINFO=: TIMEOUTFACTOR=10 && echo "PASS: make" > "$HOME/made" || echo "FAIL: make" > "$HOME/made"; } 2>&1 | tee "$HOME/said"
mkdir -p "$HOME"
cat > "$HOME/expected" <<'END'
locale/tst-localedef-path-norm # its own container has to write to /proc, which nobody may in a sandbox
localedata/tst-localedef-hardlinks # its own container has to write to /proc, which nobody may in a sandbox
nptl/tst-cancel31 # a thread of its own may have the file open when it counts open files
nptl/tst-pthread-getattr # its own container has to write to /proc, which nobody may in a sandbox
nptl/tst-setuid3 # a sandbox has one user only
stdio-common/tst-popen3 # its own container has to write to /proc, which nobody may in a sandbox
stdlib/tst-system # its own container has to write to /proc, which nobody may in a sandbox
END
# stages.TALLY
