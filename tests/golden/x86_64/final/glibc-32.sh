# needs: the-whole-system final/linux-headers cross/linux-headers cross/glibc-32 cross/glibc-64 source/glibc
#!/bin/sh
set -eu
umask 022
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
    --enable-stack-protector=strong \
    --without-selinux \
    libc_cv_slibdir=/usr/lib \
    libc_cv_rtlddir=/lib
make MAKEINFO=:
make install MAKEINFO=: install_root="$OUT"
mv "$OUT/lib/ld-linux.so.2" "$OUT/usr/lib"
rmdir "$OUT/lib"
rm "$OUT/etc/ld.so.cache"  # of this root
cd "$OUT/usr"
rm -rf bin sbin etc share var libexec "$OUT/etc" "$OUT/var"
find include ! -type d ! -path 'include/gnu/*-32.h' -delete
find include -type d -empty -delete
ls include/gnu/*-32.h
objects="^\(!<arch>\|$(printf '\177')ELF\)"
find "$OUT" -type f \( -name '*.[ao]' -o -name '*.so*' -o -perm -100 \) -exec grep -lZ "$objects" {} + \
    > "$HOME/objects" || [ $? = 1 ]  # where there are none
xargs -0 -r chmod u+w < "$HOME/objects"
grep -z '\.[ao]$' "$HOME/objects" | xargs -0 -r strip --strip-debug --enable-deterministic-archives
grep -zv '\.[ao]$' "$HOME/objects" | xargs -0 -r strip --strip-unneeded
