# needs: the-whole-system final/python final/openssl-64 final/glibc-64 final/zlib-64
# sources: ca-certificates
#!/bin/sh
set -eu
umask 022
mkdir -p "$SRC"
tar --no-same-owner --strip-components=1 -xf "$SOURCES/ca-certificates" -C "$SRC"
cd "$SRC"
cd mozilla
sed -i -e '/^from cryptography/d' -e '/cert = x509/,/^$/d' certdata2pem.py  # warns of those that have expired
python3 certdata2pem.py
certificates="$OUT/etc/ssl/certs"
mkdir -p "$certificates"
for file in *.crt; do
    cp "$file" "$certificates/${file%.crt}.pem"
done
openssl rehash "$certificates"
cat *.crt > "$certificates/ca-certificates.crt"
ln -s certs/ca-certificates.crt "$OUT/etc/ssl/cert.pem"
objects="^\(!<arch>\|$(printf '\177')ELF\)"
find "$OUT" -type f \( -name '*.[ao]' -o -name '*.so*' -o -perm -100 \) -exec grep -lZ "$objects" {} + \
    > "$HOME/objects" || [ $? = 1 ]  # where there are none
xargs -0 -r chmod u+w < "$HOME/objects"
grep -z '\.[ao]$' "$HOME/objects" | xargs -0 -r strip --strip-debug --enable-deterministic-archives
grep -zv '\.[ao]$' "$HOME/objects" | xargs -0 -r strip --strip-unneeded
