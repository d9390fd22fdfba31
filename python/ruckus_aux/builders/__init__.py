# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines that build on their own: started, watched, harvested."""
