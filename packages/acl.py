# SPDX-License-Identifier: GPL-3.0-or-later
"""acl: access control lists of files (CLFS: Acl)."""

from ruckus_aux.recipes.recipe import Recipe

recipe = Recipe("acl").autotools("final", per_abi=True, needs=("attr-{bits}",))
