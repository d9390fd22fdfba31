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
make install MAKEINFO=: install_root="$OUT"
mv "$OUT/lib64/ld-linux-x86-64.so.2" "$OUT/usr/lib64"
rmdir "$OUT/lib64"
rm "$OUT/etc/ld.so.cache"  # of this root
mkdir -p "$OUT/etc"
cat > "$OUT/etc/ld.so.conf" <<'END'
/usr/local/lib64
/usr/local/lib
/usr/lib64
/usr/lib
include /etc/ld.so.conf.d/*.conf
END
objects="^\(!<arch>\|$(printf '\177')ELF\)"
find "$OUT" -type f \( -name '*.[ao]' -o -name '*.so*' -o -perm -100 \) -exec grep -lZ "$objects" {} + \
    > "$HOME/objects" || [ $? = 1 ]  # where there are none
xargs -0 -r chmod u+w < "$HOME/objects"
grep -z '\.[ao]$' "$HOME/objects" | xargs -0 -r strip --strip-debug --enable-deterministic-archives
grep -zv '\.[ao]$' "$HOME/objects" | xargs -0 -r strip --strip-unneeded
