# SPDX-License-Identifier: GPL-3.0-or-later
"""Public keys, in lines as sshd(8) describes them (AUTHORIZED_KEYS FILE FORMAT)."""

import base64
import re

# What is behind the type in a key of that type: so many fields, each after its length (RFC 4253, 5656, 8709; OpenSSH's
# PROTOCOL.u2f).
_FIELDS = {
    "ssh-ed25519": 1,
    "ssh-rsa": 2,
    **{f"ecdsa-sha2-nistp{bits}": 2 for bits in (256, 384, 521)},
    "sk-ssh-ed25519@openssh.com": 2,
    "sk-ecdsa-sha2-nistp256@openssh.com": 3,
}
_OPTIONS = r"""(?:\\"|"(?:\\"|[^"])*+"|[^ \t"])++"""  # with blanks in quotation marks only
_TYPE = "|".join(map(re.escape, _FIELDS))
_LINE = re.compile(rf"({_OPTIONS}[ \t]+)?(?P<type>{_TYPE})[ \t]+(?P<key>[A-Za-z0-9+/]+=*)([ \t].*)?")


def is_public_key(line: str) -> bool:
    """Whether a line, without blanks around it, is a public key, which is whole, with or without options before it."""
    match = _LINE.fullmatch(line)
    if not match or "\0" in line:
        return False
    try:
        rest = base64.b64decode(match["key"])
    except ValueError:
        return False
    if base64.b64encode(rest).decode() != match["key"]:  # Python takes more than sshd does
        return False
    fields = []
    while rest:
        end = 4 + int.from_bytes(rest[:4])
        if len(rest) < end:
            return False
        fields.append(rest[4:end])
        rest = rest[end:]
    return fields[:1] == [match["type"].encode()] and len(fields) == 1 + _FIELDS[match["type"]]
