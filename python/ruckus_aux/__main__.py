# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m ruckus_aux` is the same as the `ruckus` that configure writes."""

import sys

from ruckus_aux.entry.console import importing

with importing():
    from ruckus_aux.entry.cli import main

sys.exit(main())
