# needs: the-whole-system final/linux-headers final/glibc-64 final/binutils final/gcc final/gmp-64 final/mpfr final/mpc final/isl final/zlib-64
# sources: grub-2.12.tar.xz
#!/bin/sh
set -eu
umask 022
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
    --with-platform=efi \
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
make -C grub-core install DESTDIR="$OUT" MAKEINFO=true
cd "$OUT/usr/lib/grub/x86_64-efi"
rm -f *.module *.image *.exec gdb_grub gmodule.pl
objects="^\(!<arch>\|$(printf '\177')ELF\)"
find "$OUT" -type f \( -name '*.[ao]' -o -name '*.so*' -o -perm -100 \) -exec grep -lZ "$objects" {} + \
    > "$HOME/objects" || [ $? = 1 ]  # where there are none
xargs -0 -r chmod u+w < "$HOME/objects"
grep -z '\.[ao]$' "$HOME/objects" | xargs -0 -r strip --strip-debug --enable-deterministic-archives
grep -zv '\.[ao]$' "$HOME/objects" | xargs -0 -r strip --strip-unneeded
