"""What reading a file and the shape of an entry report; these rules have no check of their own."""

from __future__ import annotations

from toolpress_codegen.rules.rule import Rule

RULES = (
    Rule(
        "file-missing",
        "Every catalogue has a server.yaml",
        "A folder under `specs/` is a catalogue, and `server.yaml` holds the facts that count for all of it: roles,"
        " categories, errors, limits. A file or catalogue named on the command line that does not exist is reported"
        " here too.",
    ),
    Rule(
        "file-name",
        "Manifests end in .yaml",
        "Files that end in `.yml` are not read. Reporting them keeps a module from being left out unnoticed.",
    ),
    Rule(
        "file-unreadable",
        "Every manifest can be opened",
        "A folder of that name, missing permissions or a broken link stand in the way.",
    ),
    Rule(
        "sandbox-twice",
        "Sandbox data is given once",
        "`sandbox.yaml` and the files in `sandbox/` make one mapping: their mappings are joined and their lists"
        " appended. Any other value that stands in two of them would depend on the order of reading.",
    ),
    Rule(
        "contract",
        "Contracts are JSON objects",
        "Every file under `contracts/` is one JSON object without repeated keys, NaN or Infinity.",
    ),
    Rule(
        "yaml-size",
        "A file has at most one megabyte",
        "Larger files are not read at all. A module of that size is better split.",
    ),
    Rule(
        "yaml-encoding",
        "Files are UTF-8 without control characters",
        "UTF-16, other encodings, control characters and halves of surrogate pairs are refused, written out or as an"
        " escape, since they would travel into generated code and to clients.",
    ),
    Rule(
        "yaml-bom",
        "No byte order mark",
        "Some editors write an invisible mark at the start of UTF-8 files, which other tools take as part of the first"
        " key.",
    ),
    Rule(
        "yaml-tab",
        "Spaces, not tabs",
        "YAML does not allow tabs in indentation.",
    ),
    Rule(
        "yaml-syntax",
        "The file is YAML",
        "The place is where the parser gave up; the mistake is there or shortly before. Text with `: `, ` #`, or one of"
        " ``{[&*!|>%@` `` at its start needs quotes.",
    ),
    Rule(
        "yaml-empty",
        "No empty files",
        "A file with nothing but comments declares nothing.",
    ),
    Rule(
        "yaml-root",
        "The top of a file is a mapping",
        "`server.yaml` begins with `catalog:`, a module with `module:`; a list or a single value is neither.",
    ),
    Rule(
        "yaml-documents",
        "One document to a file",
        "What stands after a second `---` would be easily overlooked.",
    ),
    Rule(
        "yaml-duplicate-key",
        "No key twice",
        "Most YAML readers silently keep the last of two equal keys. Both lines are named.",
    ),
    Rule(
        "yaml-key",
        "Keys are words",
        "Keys that are lists or mappings, and the merge key `<<` of older YAML, are refused.",
    ),
    Rule(
        "yaml-alias",
        "Aliases stay small and backward",
        "An alias names a finished anchor before it, and all aliases of a file together add at most 10,000 values, so"
        " that a few lines cannot swell into gigabytes.",
    ),
    Rule(
        "yaml-depth",
        "At most 40 levels",
        "Deeper nesting is a mistake or an attack.",
    ),
    Rule(
        "yaml-tag",
        "No tags",
        "Values follow YAML 1.2: only `true` and `false` are booleans, `no` and `2026-01-01` are text. Tags such as"
        " `!!python/name` or `!!timestamp` are refused.",
    ),
    Rule(
        "yaml-number",
        "Numbers fit everywhere",
        "Infinity, NaN and whole numbers beyond 64 bits have no JSON form that every client reads alike.",
    ),
    Rule(
        "shape",
        "Entries have the keys and types of the model",
        "The same as an editor checks with `specs/manifest.schema.json`: required keys, types and allowed words.",
    ),
    Rule(
        "unknown-key",
        "No unknown keys",
        "A misspelt key would have no effect and no error. The hint names the nearest key that exists.",
    ),
    Rule(
        "hints-written",
        "All four hints are written",
        "The protocol takes an absent `destructiveHint` and `openWorldHint` as true. Writing all four makes each a"
        " decision that a review can see.",
    ),
)
