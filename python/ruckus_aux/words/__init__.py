# SPDX-License-Identifier: GPL-3.0-or-later
"""What everybody says: errors, architectures, stages, paths, and how things are shown; it imports nothing of Ruckus."""
