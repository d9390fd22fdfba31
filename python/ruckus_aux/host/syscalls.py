# SPDX-License-Identifier: GPL-3.0-or-later
"""A filter of system calls for what runs in a sandbox: what namespaces do not keep apart.

The kernel's keyrings belong to a user and a session, not to a namespace: a script could read the keys of who builds.
And with the ioctl(2)s TIOCSTI and TIOCLINUX it could type into the terminal that a shell in the sandbox shares.
"""

import errno
import struct

# Instructions of the classic BPF, see Documentation/networking/filter.rst in the kernel's source.
_LOAD, _EQUAL, _AND, _RETURN = 0x20, 0x15, 0x54, 0x06
_NUMBER, _ARCHITECTURE, _SECOND_ARGUMENT = 0, 4, 24  # in struct seccomp_data, see seccomp(2); its lower half
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000 | errno.EPERM
_X32 = 0x40000000  # set in numbers of the x32 ABI, which are those of x86_64 otherwise, or from 512 on
_REQUESTS = (0x5412, 0x541C)  # TIOCSTI, TIOCLINUX
# By the architecture's number in linux/audit.h: add_key, request_key and keyctl; ioctl.
_CALLS = {0xC000003E: ((248, 249, 250), (16, 514)), 0x40000003: ((286, 287, 288), (54,))}


def _instruction(code: int, value: int, otherwise: int = 0) -> bytes:
    """A struct sock_filter: on a comparison that fails, so many instructions are skipped."""
    return struct.pack("=HBBI", code, 0, otherwise, value)


def _when(value: int, then: list[bytes]) -> list[bytes]:
    """Instructions for when what was loaded last is a value."""
    return [_instruction(_EQUAL, value, len(then)), *then]


def system_call_filter() -> bytes:
    """The filter, as bwrap's --seccomp takes it: what it refuses fails with EPERM, as in other containers."""
    refuse, allow = [_instruction(_RETURN, _REFUSE)], [_instruction(_RETURN, _ALLOW)]
    program: list[bytes] = []
    for architecture, (keys, ioctls) in _CALLS.items():
        ioctl = [_instruction(_LOAD, _SECOND_ARGUMENT)]
        ioctl += [word for request in _REQUESTS for word in _when(request, refuse)] + allow
        calls = [_instruction(_LOAD, _NUMBER), _instruction(_AND, ~_X32 & 0xFFFFFFFF)]
        calls += [word for number in keys for word in _when(number, refuse)]
        calls += [word for number in ioctls for word in _when(number, ioctl)] + allow
        program += [_instruction(_LOAD, _ARCHITECTURE), *_when(architecture, calls)]
    return b"".join(program + allow)
