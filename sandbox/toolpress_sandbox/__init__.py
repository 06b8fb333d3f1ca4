"""The embedded upstream: a stateful fake of a catalogue's REST API on SQLite, driven by the catalogue's manifests."""
