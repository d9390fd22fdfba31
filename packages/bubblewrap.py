# SPDX-License-Identifier: GPL-3.0-or-later
"""bubblewrap: sandboxes of ordinary users, such as those in which Ruckus builds (BLFS: Bubblewrap)."""

from ruckus_aux.recipes.recipe import Recipe

recipe = Recipe("bubblewrap").meson(options=("-Dtests=false",), needs=("libcap-{bits}",))
