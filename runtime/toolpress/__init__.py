"""Toolpress: a thin, fast, safe runtime for generated MCP tool catalogues."""
