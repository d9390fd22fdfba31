# SPDX-License-Identifier: GPL-3.0-or-later
"""What configure decided, what Ruckus may write to, and what is remembered of earlier runs."""
