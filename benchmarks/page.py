"""docs/benchmarks.md and its charts."""


def write() -> None:
    pass
