"""The catalogues whose presets are tested."""

from __future__ import annotations

from toolpress.catalog import find_catalog

ZIHIN, TENANTED = find_catalog("zihin"), find_catalog("mihu")
KEY = "zhn_test_acme_owner"
