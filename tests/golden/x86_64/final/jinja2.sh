# needs: the-whole-system final/linux-headers final/glibc-64 final/binutils final/gcc final/gmp-64 final/mpfr final/mpc final/isl final/zlib-64 final/python final/pip final/expat-64 final/flit-core final/markupsafe
# sources: jinja2-3.1.6.tar.gz
#!/bin/sh
set -eu
umask 022
mkdir -p "$SRC"
tar --no-same-owner --strip-components=1 -xf "$SOURCES/jinja2-3.1.6.tar.gz" -C "$SRC"
cd "$SRC"
python3 -m pip wheel --no-index --no-deps --no-cache-dir --no-build-isolation --use-pep517 --wheel-dir="$BUILD" .
python3 -m pip install --no-index --no-deps --no-cache-dir --ignore-installed --no-compile --root="$OUT" --find-links="$BUILD" jinja2
python3 -S -m compileall -q -s "$OUT" -p / --invalidation-mode unchecked-hash "$OUT/usr"/lib*/python3*
objects="^\(!<arch>\|$(printf '\177')ELF\)"
find "$OUT" -type f \( -name '*.[ao]' -o -name '*.so*' -o -perm -100 \) -exec grep -lZ "$objects" {} + \
    > "$HOME/objects" || [ $? = 1 ]  # where there are none
xargs -0 -r chmod u+w < "$HOME/objects"
grep -z '\.[ao]$' "$HOME/objects" | xargs -0 -r strip --strip-debug --enable-deterministic-archives
grep -zv '\.[ao]$' "$HOME/objects" | xargs -0 -r strip --strip-unneeded
