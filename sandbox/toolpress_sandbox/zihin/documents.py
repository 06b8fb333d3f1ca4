"""One judgement of a document for every caller: the dry run, the writes, the check of a whole agent and publishing."""

from __future__ import annotations

from dataclasses import dataclass

from toolpress.contract import JsonObject
from toolpress_sandbox.calls import Call
from toolpress_sandbox.replies import Refusal
from toolpress_sandbox.zihin.contract_rules import RULES, Subject


@dataclass(frozen=True, slots=True)
class Verdict:
    """Errors refuse a write, warnings travel with its success. Paths are relative to the document."""

    errors: list[JsonObject]
    warnings: list[JsonObject]

    @property
    def valid(self) -> bool:
        return not self.errors


def judge(call: Call, contract: str, document: JsonObject, agent_id: str | None = None) -> Verdict:
    """The schema first; the rules beyond it only for a document of the right shape."""
    problems = [problem.as_json() for problem in call.checker.document(contract, document)]
    if problems:
        return Verdict(problems, [])
    findings = list(RULES[contract](Subject(document, call.records, agent_id)))
    return Verdict(
        [finding.as_json() for finding in findings if finding.severity == "error"],
        [finding.as_json() for finding in findings if finding.severity == "warning"],
    )


def accept(
    call: Call, contract: str, document: JsonObject, agent_id: str | None = None, *, argument: str | None = None
) -> list[JsonObject]:
    """The warnings of a valid document; VALIDATION_ERROR for another, with the errors that the dry run reports.

    `argument` is the tool argument that holds the document: `field` begins with it.
    """
    verdict = judge(call, contract, document, agent_id)
    if not verdict.valid:
        raise refusal(verdict.errors, argument=argument)
    return verdict.warnings


def refusal(errors: list[JsonObject], what: str = "", *, argument: str | None = None) -> Refusal:
    first = errors[0]
    field = ".".join(filter(None, (argument, first["path"])))
    text = f"{field}: {first['message']}" if field else str(first["message"])
    return Refusal(
        400,
        "VALIDATION_ERROR",
        what + text,
        {"field": field, "message": first["message"], "errors": errors},
    )


def active_schemas(call: Call, agent_id: str) -> list[JsonObject]:
    return call.records.all("schemas", agent_id=agent_id, is_active=True)


def judge_agent(call: Call, agent_id: str) -> list[JsonObject]:
    """One row for each active schema: id, schema_type, name, valid, errors, warnings."""
    rows: list[JsonObject] = []
    skills: set[str] = set()
    for schema in active_schemas(call, agent_id):
        verdict = judge(call, schema["schema_type"], schema["schema_data"], agent_id)
        errors = verdict.errors
        if schema["schema_type"] == "skill_config" and verdict.valid:
            name = schema["schema_data"]["skill"]["name"]
            if name in skills:
                errors = [{"path": "skill.name", "message": "is used by another skill", "rule": "unique-name"}]
            skills.add(name)
        rows.append(
            {
                "id": schema["id"],
                "schema_type": schema["schema_type"],
                "name": schema.get("name"),
                "valid": not errors,
                "errors": errors,
                "warnings": verdict.warnings,
            }
        )
    return rows
