"""The sandbox: engine units, behaviour of every group, faults, isolation and persistence."""
