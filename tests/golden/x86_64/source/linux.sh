# sources: linux-6.12.107.tar.xz
#!/bin/sh
set -eu
umask 022
mkdir -p "$SRC"
tar --no-same-owner --strip-components=1 --no-wildcards-match-slash --exclude='*/arch/[!Kux]*/[!cK]*' --exclude='*/Documentation/[!K]*' --exclude='*/drivers/gpu/drm/amd/include' --exclude='*/tools/perf' --exclude='*/tools/testing' -xf "$SOURCES/linux-6.12.107.tar.xz" -C "$SRC"
cd "$SRC"
