# SPDX-License-Identifier: GPL-3.0-or-later
"""The temporary compiler, made to compile for the final C library (CLFS: Adjusting the Toolchain)."""

from ruckus_aux.recipes.recipe import Recipe
from ruckus_aux.recipes.script import Script

recipe = Recipe("adjusting")


@recipe.step("final")
def final(sh: Script) -> None:
    """Specs by which the temporary compiler uses the final C library"""
    sh.shown_only()
    sh.sh('gcc -dumpspecs > "$HOME/specs"')
    for abi in sh.arch.abis:
        temporary = f"{sh.prefix_tools}/{abi.libdir}/{abi.loader}"
        sh.replace("$HOME/specs", temporary, f"/{abi.standard_libdir}/{abi.loader}")
    # Headers come behind those of C++, which include those of C by the same names; rpath-link is where libraries find
    # libraries that they need; what else the final linker does by itself.
    sh.sh(f"""
        cat >> "$HOME/specs" <<'END'
        *startfile_prefix_spec:
        /usr/lib/{" "}

        *cpp_unique_options:
        + -idirafter /usr/include

        *link:
        + -rpath-link {":".join(f"/usr/{libdir}" for libdir in sh.arch.libdirs)} --hash-style=gnu --enable-new-dtags

        END
        target=$OUT$(dirname "$(gcc -print-libgcc-file-name)")
        mkdir -p "$target"
        cp "$HOME/specs" "$target"
    """)
