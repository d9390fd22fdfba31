# SPDX-License-Identifier: GPL-3.0-or-later
"""Mozilla's list of certificate authorities, as Debian has it (BLFS: make-ca): whom curl, git and python trust."""

from ruckus_aux.recipes.recipe import Recipe
from ruckus_aux.recipes.script import Script

recipe = Recipe("ca-certificates")


@recipe.step("final")
def final(sh: Script) -> None:
    """Certificates by their names and, for OpenSSL, by hashes; and all in one file"""
    sh.needs("python", f"openssl-{sh.abi.bits}", f"glibc-{sh.abi.bits}", f"zlib-{sh.abi.bits}")
    sh.unpack()
    sh.sh("""
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
    """)
