"""Zihin's own logic: one module for each manifest with handlers, and the nouns that they share."""
