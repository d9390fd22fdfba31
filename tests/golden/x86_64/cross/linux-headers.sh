# needs: source/linux
#!/bin/sh
set -eu
umask 022
make -C "$SRC" O="$BUILD" ARCH=x86_64 headers
cd "$BUILD"
find usr/include -type f ! -name '*.h' -delete
mkdir -p "$OUT/tools/include"
cp -R usr/include/. "$OUT/tools/include"
