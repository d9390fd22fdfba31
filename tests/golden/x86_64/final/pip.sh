# needs: the-whole-system final/linux-headers final/glibc-64 final/binutils final/gcc final/gmp-64 final/mpfr final/mpc final/isl final/zlib-64 final/python final/expat-64
#!/bin/sh
set -eu
umask 022
bundled=$(echo /usr/lib64/python3.*/ensurepip/_bundled)
PYTHONPATH=$(echo "$bundled"/pip-*.whl)
export PYTHONPATH
python3 -m pip install --no-index --no-deps --no-cache-dir --ignore-installed --no-compile --root="$OUT" --find-links="$bundled" pip
python3 -S -m compileall -q -s "$OUT" -p / --invalidation-mode unchecked-hash "$OUT/usr"/lib*/python3*
objects="^\(!<arch>\|$(printf '\177')ELF\)"
find "$OUT" -type f \( -name '*.[ao]' -o -name '*.so*' -o -perm -100 \) -exec grep -lZ "$objects" {} + \
    > "$HOME/objects" || [ $? = 1 ]  # where there are none
xargs -0 -r chmod u+w < "$HOME/objects"
grep -z '\.[ao]$' "$HOME/objects" | xargs -0 -r strip --strip-debug --enable-deterministic-archives
grep -zv '\.[ao]$' "$HOME/objects" | xargs -0 -r strip --strip-unneeded
