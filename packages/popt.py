# SPDX-License-Identifier: GPL-3.0-or-later
"""popt: command line options, for rsync."""

from ruckus_aux.recipes.recipe import Check, Recipe

recipe = Recipe("popt").autotools("stage1", options=("--disable-static",)).autotools("final", check=Check())
