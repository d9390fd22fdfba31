# needs: the-whole-system
#!/bin/sh
set -eu
umask 022
gcc -dumpspecs > "$HOME/specs"
grep -qF -e /tools/lib/ld-linux.so.2 "$HOME/specs" || { echo 'error: $HOME/specs has no /tools/lib/ld-linux.so.2' >&2; exit 1; }
sed -i 's,/tools/lib/ld-linux\.so\.2,/lib/ld-linux.so.2,g' "$HOME/specs"
grep -qF -e /tools/lib64/ld-linux-x86-64.so.2 "$HOME/specs" || { echo 'error: $HOME/specs has no /tools/lib64/ld-linux-x86-64.so.2' >&2; exit 1; }
sed -i 's,/tools/lib64/ld-linux-x86-64\.so\.2,/lib64/ld-linux-x86-64.so.2,g' "$HOME/specs"
cat >> "$HOME/specs" <<'END'
*startfile_prefix_spec:
/usr/lib/ 

*cpp_unique_options:
+ -idirafter /usr/include

*link:
+ -rpath-link /usr/lib64:/usr/lib --hash-style=gnu --enable-new-dtags

END
target=$OUT$(dirname "$(gcc -print-libgcc-file-name)")
mkdir -p "$target"
cp "$HOME/specs" "$target"
objects="^\(!<arch>\|$(printf '\177')ELF\)"
find "$OUT" -type f \( -name '*.[ao]' -o -name '*.so*' -o -perm -100 \) -exec grep -lZ "$objects" {} + \
    > "$HOME/objects" || [ $? = 1 ]  # where there are none
xargs -0 -r chmod u+w < "$HOME/objects"
grep -z '\.[ao]$' "$HOME/objects" | xargs -0 -r strip --strip-debug --enable-deterministic-archives
grep -zv '\.[ao]$' "$HOME/objects" | xargs -0 -r strip --strip-unneeded
