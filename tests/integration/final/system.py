# SPDX-License-Identifier: GPL-3.0-or-later
"""A temporary system that has some of this host's programs, and what of it a final system is made of.

Its programs are started by a loader of its own, whose path is as long as the standard one, and which looks for
libraries in a folder of its own.
"""

from ruckus_aux.recipes.recipe import Recipe
from ruckus_aux.recipes.script import Script
from ruckus_aux.words.architecture import merged_root

recipe = Recipe("system")
_PROGRAMS = "sh cat chmod cp env find grep ln ls mkdir rm sed tr uname xargs gcc as ld strip"
_PROGRAMS += " objcopy readelf"
_OF_COMPILER = "*.o libgcc* cc1 collect2 liblto_plugin.so lto-wrapper"
_OF_LIBC = "crt1.o crti.o crtn.o Scrt1.o libc_nonshared.a libc.so.6 ld-linux-x86-64.so.2"
_LOADER, _TEMPORARY = "/lib64/ld-linux-x86-64.so.2", "/tools/ld-linux-x86-64.so.2"


def _started_by(loader: str, other: str, files: str) -> str:
    """Words that change the loader of programs: its path is the first that is in them."""
    return f"sed -i '0,\\|{other}|s||{loader}|' {files}"


def _looks_in(folder: str, loader: str) -> str:
    """Words that change where a loader of this host looks for libraries."""
    return f"sed -i 's|/lib/x86_64-linux-gnu/|{folder:/<22}|g' {loader}"


@recipe.step("stage1")
def stage1(sh: Script) -> None:
    """Programs of this host, as those of a temporary system"""
    sh.sh(f"""
        compiler=$(dirname "$(gcc -print-libgcc-file-name)")
        mkdir -p "$OUT/tools/bin" "$OUT/tools/include" "$OUT/tools/lib" "$OUT/tools/${{compiler#/usr/}}"
        for name in {_PROGRAMS}; do cp -L "$(command -v $name)" "$OUT/tools/bin/$name"; done
        (cd "$compiler" && cp -L {_OF_COMPILER} "$OUT/tools/${{compiler#/usr/}}")
    """)
    # Programs start only when all their libraries are there.
    sh.sh(f"""
        cd "$OUT/tools/${{compiler#/usr/}}"
        cp -L "$(gcc -print-file-name=libgcc_s.so.1)" .
        mkdir "$OUT/tools/host"
        ldd "$OUT"/tools/bin/* cc1 collect2 lto-wrapper | grep -o '/[^ ]* (0x' | sort -u | while read -r library _; do
            cp -L "$library" "$OUT/tools/host"
        done
        {_started_by(_TEMPORARY, _LOADER, '"$OUT"/tools/bin/* cc1 collect2 lto-wrapper')}
        mv "$OUT/tools/host/{_LOADER.rpartition("/")[2]}" "$OUT{_TEMPORARY}"
        {_looks_in("/tools/host", f'"$OUT{_TEMPORARY}"')}
    """)
    # For the final C library; and what a final package must not see.
    sh.sh(f"""
        mkdir -p "$OUT/tools/share/libc/lib"
        for name in {_OF_LIBC}; do cp -L "$(gcc -print-file-name=$name)" "$OUT/tools/share/libc/lib"; done
        mkdir "$OUT/tools/share/libc/include"
        echo '#include <stdio.h>' | gcc -E -P -x c -o "$OUT/tools/share/libc/include/stdio.h" -
        echo 'int hidden (void);' > "$OUT/tools/include/hidden.h"
        cp "$OUT/tools/host/libz.so.1" "$OUT/tools/lib/libhidden.so.1"
        ln -s libhidden.so.1 "$OUT/tools/lib/libhidden.so"
    """)


@recipe.step("final", name="base")
def base(sh: Script) -> None:
    """Links of the root"""
    sh.sh(f"""
        mkdir -p "$OUT/usr/bin" "$OUT/usr/sbin" "$OUT/usr/lib"
        {"; ".join(f'ln -s usr/{target} "$OUT/{name}"' for name, target in merged_root(sh.arch).items())}
    """)


@recipe.step("final", name="libc")
def libc(sh: Script) -> None:
    """The C library, with what of the temporary system it is compiled with"""
    sh.needs("stage1/system")
    sh.sh(f"""
        ls /tools/include/hidden.h /tools/lib/libhidden.so
        mkdir -p "$OUT{sh.libdir}"
        cp /tools/share/libc/lib/* "$OUT{sh.libdir}"
        cp -R /tools/share/libc/include "$OUT/usr"
        echo 'GROUP ( libc.so.6 libc_nonshared.a AS_NEEDED ( {_LOADER} ) )' > "$OUT{sh.libdir}/libc.so"
        chmod u+w "$OUT{sh.libdir}"/*
        {_looks_in(sh.libdir.removeprefix("/usr"), f'"$OUT{sh.libdir}"/ld-linux-*')}
    """)


@recipe.step("final", name="specs")
def specs(sh: Script) -> None:
    """The folder where the temporary compiler finds that, which is no part of the final system"""
    sh.shown_only()
    sh.sh(f"""
        target=$OUT$(cd /tools/lib/gcc/*/*/ && pwd)
        mkdir -p "$target"
        printf '*startfile_prefix_spec:\\n{sh.libdir}/ \\n\\n' > "$target/specs"
    """)


@recipe.step("final", name="programs")
def programs(sh: Script) -> None:
    """All its programs"""
    sh.needs("libc", "specs")
    sh.sh(f"""
        mkdir -p "$OUT{sh.libdir}" "$OUT/usr/lib"
        cp -R /tools/bin "$OUT/usr"
        cp -R /tools/lib/gcc "$OUT/usr/lib"
        cp /tools/host/* "$OUT{sh.libdir}"
        rm "$OUT{sh.libdir}/libc.so.6"
        cd "$OUT/usr/lib/gcc"/*/*/
        {_started_by(_LOADER, _TEMPORARY, '"$OUT"/usr/bin/* cc1 collect2 lto-wrapper')}
    """)
