# needs: the-whole-system final/adjusting final/linux-headers final/glibc-64
# sources: glibc-2.41.tar.xz
#!/bin/sh
set -eu
umask 022
mkdir -p "$SRC"
tar --no-same-owner --strip-components=1 -xf "$SOURCES/glibc-2.41.tar.xz" -C "$SRC"
cd "$SRC"
mkdir -p "$BUILD"
cat > "$BUILD/configparms" <<'END'
rootsbindir=/usr/sbin
END
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
    --with-headers=/usr/include \
    --disable-werror \
    --disable-nscd \
    --enable-stack-protector=strong \
    --without-selinux \
    libc_cv_slibdir=/usr/lib64 \
    libc_cv_rtlddir=/lib64
make MAKEINFO=:
{ make -k check MAKEINFO=: TIMEOUTFACTOR=10 && echo "PASS: make" > "$HOME/made" || echo "FAIL: make" > "$HOME/made"; } 2>&1 | tee "$HOME/said"
mkdir -p "$HOME"
cat > "$HOME/expected" <<'END'
debug/tst-fortify-syslog # its own container has to write to /proc, which nobody may in a sandbox
elf/tst-dlopen-self-container # its own container has to write to /proc, which nobody may in a sandbox
elf/tst-dlopen-tlsmodid-container # its own container has to write to /proc, which nobody may in a sandbox
elf/tst-glibc-hwcaps-2-cache # its own container has to write to /proc, which nobody may in a sandbox
elf/tst-glibc-hwcaps-cache # its own container has to write to /proc, which nobody may in a sandbox
elf/tst-glibc-hwcaps-prepend-cache # its own container has to write to /proc, which nobody may in a sandbox
elf/tst-ifunc-isa-1 # it passes
elf/tst-ifunc-isa-1-static # it passes
elf/tst-ifunc-isa-2 # it passes
elf/tst-ifunc-isa-2-static # it passes
elf/tst-ldconfig-bad-aux-cache # its own container has to write to /proc, which nobody may in a sandbox
elf/tst-ldconfig-ld_so_conf-update # its own container has to write to /proc, which nobody may in a sandbox
elf/tst-pldd # its own container has to write to /proc, which nobody may in a sandbox
elf/tst-preload-pthread-libc # its own container has to write to /proc, which nobody may in a sandbox
elf/tst-rootdir # its own container has to write to /proc, which nobody may in a sandbox
io/tst-getcwd-smallbuff # its own container has to write to /proc, which nobody may in a sandbox
locale/tst-localedef-path-norm # its own container has to write to /proc, which nobody may in a sandbox
localedata/tst-localedef-hardlinks # its own container has to write to /proc, which nobody may in a sandbox
misc/tst-syslog # its own container has to write to /proc, which nobody may in a sandbox
misc/tst-syslog-long-progname # its own container has to write to /proc, which nobody may in a sandbox
misc/tst-ttyname-direct # its own container has to write to /proc, which nobody may in a sandbox
misc/tst-ttyname-namespace # its own container has to write to /proc, which nobody may in a sandbox
nptl/tst-cancel31 # a thread of its own may have the file open when it counts open files
nptl/tst-pthread-getattr # its own container has to write to /proc, which nobody may in a sandbox
nptl/tst-setuid3 # a sandbox has one user only
nss/tst-initgroups1 # its own container has to write to /proc, which nobody may in a sandbox
nss/tst-initgroups2 # its own container has to write to /proc, which nobody may in a sandbox
nss/tst-nss-compat1 # its own container has to write to /proc, which nobody may in a sandbox
nss/tst-nss-db-endgrent # its own container has to write to /proc, which nobody may in a sandbox
nss/tst-nss-db-endpwent # its own container has to write to /proc, which nobody may in a sandbox
nss/tst-nss-files-hosts-long # its own container has to write to /proc, which nobody may in a sandbox
nss/tst-nss-files-hosts-v4mapped # its own container has to write to /proc, which nobody may in a sandbox
nss/tst-nss-gai-actions # its own container has to write to /proc, which nobody may in a sandbox
nss/tst-nss-gai-hv2-canonname # its own container has to write to /proc, which nobody may in a sandbox
nss/tst-nss-test3 # its own container has to write to /proc, which nobody may in a sandbox
nss/tst-reload1 # its own container has to write to /proc, which nobody may in a sandbox
nss/tst-reload2 # its own container has to write to /proc, which nobody may in a sandbox
posix/bug-ga2 # its own container has to write to /proc, which nobody may in a sandbox
posix/tst-vfork3 # its own container has to write to /proc, which nobody may in a sandbox
resolv/tst-leaks2 # its own container has to write to /proc, which nobody may in a sandbox
stdio-common/tst-popen3 # its own container has to write to /proc, which nobody may in a sandbox
stdlib/tst-system # its own container has to write to /proc, which nobody may in a sandbox
string/tst-strerror # its own container has to write to /proc, which nobody may in a sandbox
string/tst-strsignal # its own container has to write to /proc, which nobody may in a sandbox
support/tst-support_descriptors # it counts the build's locks, which are open files
END
# stages.TALLY
