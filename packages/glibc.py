"""GNU C library (CLFS: Cross-compiled Glibc 32 Bit, 64 Bit)."""

from ruckus_aux.architecture import Abi
from ruckus_aux.recipe import BUILD_MACHINE, Recipe, Script

recipe = Recipe("glibc")


@recipe.step("cross", per_abi=True, cpu=460, memory=109, profiles=("tiny",))
def cross(sh: Script, abi: Abi) -> None:
    """The C library for one ABI, in PREFIX_TOOLS"""
    sh.tools("m4", "bison", "gawk")
    sh.needs("cross/binutils", "cross/gcc-static", "cross/linux-headers")
    sh.unpack()
    sh.patch()
    libdir = f"{sh.prefix_tools}/{abi.libdir}"
    sh.configure(
        f"--prefix={sh.prefix_tools}",
        f"--build={BUILD_MACHINE}",
        f"--host={abi.triplet}",
        f"--libdir={libdir}",
        f"--with-headers={sh.prefix_tools}/include",
        f"--with-binutils={sh.prefix_cross}/bin",
        "--disable-werror",
        "--disable-nscd",
        "--without-selinux",
        f"libc_cv_slibdir={libdir}",
        f"libc_cv_rtlddir={libdir}",
        env=f"BUILD_CC=gcc CXX=false CC='{sh.target}-gcc {abi.flag}' CFLAGS=-O2",
    )
    sh.make("MAKEINFO=:")
    sh.make('install MAKEINFO=: install_root="$OUT"')
    # gcc looks for the start files in lib/../lib64: lib must be there, whatever is in it.
    sh.sh(f'mkdir -p "$OUT{sh.prefix_tools}/lib"')
    if abi != sh.arch.main_abi:
        # Programs, data and headers are the main ABI's; this one adds its libraries, its loader and two headers.
        tools = f"$OUT{sh.prefix_tools}"
        sh.sh(f"""
            rm -rf "{tools}/bin" "{tools}/sbin" "{tools}/etc" "{tools}/share" "{tools}/var" "{tools}/libexec"
            find "{tools}/include" -type f ! -path '*/gnu/*-{abi.bits}.h' -delete
            find "{tools}/include" -type d -empty -delete
            ls "{tools}/include/gnu/stubs-{abi.bits}.h"
        """)
