# SPDX-License-Identifier: GPL-3.0-or-later
"""What make and configure call: the ruckus command, what configure asks, and how errors end either."""
