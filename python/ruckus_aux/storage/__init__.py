# SPDX-License-Identifier: GPL-3.0-or-later
"""What systems are kept on: plain folders, image files or logical volumes, created and removed without losing data."""
