# SPDX-License-Identifier: GPL-3.0-or-later
"""Time zones of the world (LFS: Glibc)."""

from ruckus_aux.recipes.recipe import Recipe
from ruckus_aux.recipes.script import Script

recipe = Recipe("tzdata")

_REGIONS = "etcetera southamerica northamerica europe africa antarctica asia australasia backward"


@recipe.step("final")
def final(sh: Script) -> None:
    """Time zones, as the C library reads them"""
    sh.needs(f"glibc-{sh.abi.bits}")
    sh.unpack()
    # Without posix/, which is the same, and right/, which is for clocks that count leap seconds.
    sh.sh(f"""
        zoneinfo=$OUT/usr/share/zoneinfo
        mkdir -p "$zoneinfo"
        zic -d "$zoneinfo" {_REGIONS}
        zic -d "$zoneinfo" -p America/New_York  # for TZ that names rules of no place
        cp iso3166.tab zone.tab zone1970.tab "$zoneinfo"
    """)
