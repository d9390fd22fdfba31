# SPDX-License-Identifier: GPL-3.0-or-later
"""What is to be built, as data: recipes, the manifest of sources, the plan of steps; it runs nothing."""
