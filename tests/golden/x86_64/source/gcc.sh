# sources: gcc-14.2.0.tar.xz
# files: one-cc1-for-i686-and-x86_64.patch
#!/bin/sh
set -eu
umask 022
mkdir -p "$SRC"
tar --no-same-owner --strip-components=1 --no-wildcards-match-slash --exclude='*/gcc/testsuite/[!s]*' --exclude='*/libstdc++-v3/testsuite/[0-9]*' --exclude='*/gcc/po/*.po' --exclude='*/gcc/ada' --exclude='*/gnattools' --exclude='*/libada' --exclude='*/gcc/fortran' --exclude='*/libgfortran' --exclude='*/gcc/m2' --exclude='*/libgm2' --exclude='*/libgo' --exclude='*/libphobos' -xf "$SOURCES/gcc-14.2.0.tar.xz" -C "$SRC"
cd "$SRC"
patch -d "$SRC" -p1 -i "$FILES/one-cc1-for-i686-and-x86_64.patch"
