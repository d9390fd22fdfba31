"""Texinfo: makeinfo, for who wants the documentation."""

from ruckus_aux.recipe import BUILD_MACHINE, Recipe, Script

recipe = Recipe("texinfo")


@recipe.step("hostprep", cpu=40, memory=80)
def hostprep(sh: Script) -> None:
    """texinfo, where the host has none"""
    sh.unpack()
    sh.configure(
        f"--prefix={sh.prefix_hostprep}", f"--build={BUILD_MACHINE}", f"--host={BUILD_MACHINE}", "--disable-nls"
    )
    sh.make()
    sh.make('install DESTDIR="$OUT"')
