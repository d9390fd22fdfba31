# SPDX-License-Identifier: GPL-3.0-or-later
"""Jinja2: a language for templates, which udev's headers are made with (LFS: Jinja2)."""

from ruckus_aux.recipes.recipe import Recipe

recipe = Recipe("jinja2").pip(needs=("flit-core", "markupsafe"))
