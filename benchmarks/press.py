"""What the press costs: cold, after one change, after none, as a check, and lint; each against a peer.

uv run python benchmarks/press.py [--rounds N] [--json]
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from start import ROOT, TOOLPRESS, seconds

MODELLING = """
import json, sys
from datamodel_code_generator import InputFileType, generate
from datamodel_code_generator.enums import DataModelType
for name in sys.argv[1:]:
    with open(name, encoding="utf-8") as stream:
        schemas = {tool["name"]: tool["inputSchema"] for tool in json.load(stream)["tools"]}
    document = {"openapi": "3.1.0", "info": {"title": "", "version": "1"}, "paths": {}}
    generate(
        json.dumps({**document, "components": {"schemas": schemas}}),
        input_file_type=InputFileType.OpenAPI,
        output_model_type=DataModelType.PydanticV2BaseModel,
        formatters=[],
    )
"""
PEER = "datamodel-code-generator"


def round_of(number: int, root: Path) -> Iterator[tuple[str, float]]:
    """One measure of everything; `root` begins as specs/ alone."""
    generate = [*TOOLPRESS, "generate", "--root", str(root)]
    lists = map(str, sorted((ROOT / "generated").glob("*/*/tools.json")))
    yield PEER, seconds([sys.executable, "-c", MODELLING, *lists])
    yield "generate, cold", seconds(generate)
    changed = next(path for path in sorted((root / "specs").glob("*/*.yaml")) if "\ntitle: " in path.read_text("utf-8"))
    changed.write_text(changed.read_text("utf-8").replace("\ntitle: ", f"\ntitle: {number} ", 1), "utf-8")
    yield "generate, one manifest changed", seconds(generate)
    yield "generate, unchanged", seconds(generate)
    yield "generate --check", seconds([*generate, "--check"])
    yield "lint", seconds([*TOOLPRESS, "lint"])


def measure(rounds: int) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for number in range(rounds):
            root = Path(folder, str(number))
            shutil.copytree(ROOT / "specs", root / "specs")
            for name, value in round_of(number, root):
                found.setdefault(name, []).append(value)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = measure(options.rounds)
    against = statistics.median(found[PEER])
    if options.json:
        print(json.dumps(found, indent=1))
        return
    print(f"{'what':32} {'median':>8} {'low':>8} {'high':>8}  ratio against {PEER}")
    for name, values in found.items():
        median = statistics.median(values)
        ratio = "peer" if name == PEER else f"{median / against:.2f}"
        print(f"{name:32} {median:8.3f} {min(values):8.3f} {max(values):8.3f}  {ratio}")


if __name__ == "__main__":
    main()
