"""`python -m toolpress`."""

from __future__ import annotations

import sys

from toolpress.cli import main

sys.exit(main())
