"""The mihu sandbox, driven in process: one module an area."""
