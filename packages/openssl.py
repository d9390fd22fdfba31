# SPDX-License-Identifier: GPL-3.0-or-later
"""OpenSSL: cryptography, and TLS (LFS: OpenSSL)."""

from ruckus_aux.recipes.recipe import Check, Recipe
from ruckus_aux.recipes.script import Script
from ruckus_aux.words.architecture import Abi

recipe = Recipe("openssl")

_TARGETS = {"32": "linux-x86", "64": "linux-x86_64"}  # it would take a 32-bit system on a 64-bit kernel for x32

_OF_BOTH = """\
#  ifdef __i386__
#   define BN_LLONG
#   define THIRTY_TWO_BIT
#   undef SIXTY_FOUR_BIT_LONG
#  else
#   undef THIRTY_TWO_BIT
#  endif"""


def _build(sh: Script, abi: Abi, without: str) -> None:
    sh.toolchain()
    sh.needs(f"zlib-{abi.bits}")
    sh.unpack()
    variables = " ".join(f"{name}='{value}'" for name, value in sh.compilers.items())
    sh.sh(f"""
        perl Configure {_TARGETS[abi.bits]} --prefix={sh.prefix} --openssldir=/etc/ssl --libdir={abi.libdir} \\
            shared zlib-dynamic {without} {variables}
    """)
    sh.make()


@recipe.step("final", per_abi=True)
def final(sh: Script, abi: Abi) -> None:
    """Libraries for cryptography and TLS, and the program openssl"""
    _build(sh, abi, "no-tests no-docs")
    sh.install("install_sw", "install_ssldirs", "INSTALL_LIBS=")  # no static ones
    if abi.bits == "64" and len(sh.arch.abis) > 1:  # the other ABI's programs have the same headers
        sh.replace("$OUT/usr/include/openssl/configuration.h", "#  undef THIRTY_TWO_BIT", _OF_BOTH)
    sh.main_abi_only()


@recipe.check("final", Check(critical=True, make=("test", "V=")), per_abi=True)
def check(sh: Script, abi: Abi) -> None:
    """What is tested"""
    sh.needs("base")  # /etc/hosts
    _build(sh, abi, "no-docs")
