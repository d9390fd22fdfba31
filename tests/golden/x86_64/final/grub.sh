# needs: the-whole-system final/linux-headers final/glibc-64 final/binutils final/gcc final/gmp-64 final/mpfr final/mpc final/isl final/zlib-64
# sources: grub-2.12.tar.xz
#!/bin/sh
set -eu
umask 022
# What a BIOS starts is compiled for every PC: -march=i386
mkdir -p "$SRC"
tar --no-same-owner --strip-components=1 -xf "$SOURCES/grub-2.12.tar.xz" -C "$SRC"
cd "$SRC"
BUILD=$SRC
mkdir -p "grub-core"
cat > "grub-core/extra_deps.lst" <<'END'
depends bli part_gpt
END
mkdir -p "$BUILD"
cd "$BUILD"
CC='gcc -m64' CXX='g++ -m64' CFLAGS= CXXFLAGS=-O2 HOST_CFLAGS=-O2 "$(realpath --relative-to=. "$SRC")/configure" \
    --prefix=/usr \
    --build=x86_64-ruckus-linux-gnu \
    --libdir=/usr/lib64 \
    --sysconfdir=/etc \
    --localstatedir=/var \
    --disable-static \
    --disable-dependency-tracking \
    --with-platform=pc \
    --libdir=/usr/lib \
    --disable-device-mapper \
    --disable-efiemu \
    --disable-grub-emu-sdl2 \
    --disable-grub-emu-sdl \
    --disable-grub-mkfont \
    --disable-grub-mount \
    --disable-grub-themes \
    --disable-liblzma \
    --disable-libzfs \
    --disable-werror
make MAKEINFO=true
make install DESTDIR="$OUT" MAKEINFO=true
mkdir -p "$OUT/usr/share/bash-completion"
mv "$OUT/etc/bash_completion.d" "$OUT/usr/share/bash-completion/completions"
if ! readelf -h "$OUT/usr/lib/grub/i386-pc/kernel.img" | grep -q 'Entry point address: *0x9000$'; then
    echo "error: kernel.img does not begin with its entry point, and would not boot" >&2
    exit 1
fi
cd "$OUT/usr/lib/grub/i386-pc"
rm -f *.module *.image *.exec gdb_grub gmodule.pl
objects="^\(!<arch>\|$(printf '\177')ELF\)"
find "$OUT" -type f \( -name '*.[ao]' -o -name '*.so*' -o -perm -100 \) -exec grep -lZ "$objects" {} + \
    > "$HOME/objects" || [ $? = 1 ]  # where there are none
xargs -0 -r chmod u+w < "$HOME/objects"
grep -z '\.[ao]$' "$HOME/objects" | xargs -0 -r strip --strip-debug --enable-deterministic-archives
grep -zv '\.[ao]$' "$HOME/objects" | xargs -0 -r strip --strip-unneeded
