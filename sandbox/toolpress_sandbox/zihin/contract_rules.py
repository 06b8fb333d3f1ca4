"""What the contracts ask beyond their JSON Schemas, rule by rule; the ids stand in each contract under `x-rules`.

A rule looks at a document that already satisfies its schema and yields findings. It reads rows, it writes none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from toolpress.contract import JsonObject
from toolpress_sandbox.records import Records
from toolpress_sandbox.zihin.cron import parse_cron, zone

_PATH_PARAMETER = re.compile(r"(\$?)\{(\w+)\}")
_PLACEHOLDER = re.compile(r"\$(\d+)")


@dataclass(frozen=True, slots=True)
class Finding:
    """One broken rule."""

    rule: str
    path: str
    message: str
    severity: Literal["error", "warning"] = "error"

    def as_json(self) -> JsonObject:
        return {"path": self.path, "message": self.message, "rule": self.rule}


@dataclass(frozen=True, slots=True)
class Subject:
    """A document, the rows of its tenant, and its agent where it has one."""

    data: JsonObject
    records: Records
    agent_id: str | None = None


Rule = Callable[[Subject], Iterator[Finding]]


def api_config(subject: Subject) -> Iterator[Finding]:
    data = subject.data
    tool = data["tool_definition"]
    api = data["editor_schema"]["api"]
    declared = tool["input_schema"].get("properties", {})
    for index, endpoint in enumerate(api["endpoints"]):
        path = f"editor_schema.api.endpoints.{index}"
        if endpoint["name"] != tool["name"]:
            yield Finding("endpoint-name", f"{path}.name", "must equal tool_definition.name")
        for dollar, name in _PATH_PARAMETER.findall(endpoint["path"]):
            if not dollar:
                yield Finding("path-params", f"{path}.path", f"write the parameter as ${{{name}}}")
            elif name not in declared:
                yield Finding("path-params", f"{path}.path", f"{name} is not declared in input_schema.properties")
    auth = api.get("auth", {})
    yield from _secret(subject.records, auth.get("secret_ref"), "editor_schema.api.auth.secret_ref")
    if "type" in auth:
        text = "is superseded by prefix and secret_ref"
        yield Finding("auth-canonical", "editor_schema.api.auth.type", text, "warning")


def db_config(subject: Subject) -> Iterator[Finding]:
    data = subject.data
    numbers = sorted({int(number) for number in _PLACEHOLDER.findall(data["query_template"])})
    mapped = data["parameter_mapping"]
    if numbers != list(range(1, len(mapped) + 1)):
        message = f"has {len(mapped)} names for the placeholders {['$' + str(n) for n in numbers]}"
        yield Finding("placeholder-count", "parameter_mapping", message)
    declared = data["tool_definition"]["input_schema"].get("properties", {})
    for index, name in enumerate(mapped):
        if name not in declared:
            yield Finding("mapped-declared", f"parameter_mapping.{index}", "is not declared in input_schema.properties")
    if subject.records.find("connections", data["connection_id"]) is None:
        yield Finding("connection-exists", "connection_id", "names no connection of this tenant")
    query = data["query_template"].strip().rstrip(";")
    if not query.lower().startswith(("select", "with")) or ";" in query:
        yield Finding("read-only-sql", "query_template", "should be one SELECT statement", "warning")


def workflow_config(subject: Subject) -> Iterator[Finding]:
    data = subject.data
    steps = data["workflow"]["steps"]
    ids = [step["id"] for step in steps]
    for index, step in enumerate(steps):
        if ids.index(step["id"]) != index:
            yield Finding("step-ids", f"workflow.steps.{index}.id", "is used by another step")
        following = step.get("next", [])
        for name in [following] if isinstance(following, str) else following:
            if name not in ids:
                yield Finding("step-ids", f"workflow.steps.{index}.next", f"points to no step: {name}")


def mcp_config(subject: Subject) -> Iterator[Finding]:
    data = subject.data
    server = subject.records.find("mcp_servers", data["mcp_server_id"])
    if server is None or subject.agent_id not in (None, server["agent_id"]):
        yield Finding("server-exists", "mcp_server_id", "names no MCP server of this agent")


def trigger_config(subject: Subject) -> Iterator[Finding]:
    data = subject.data
    config = data["trigger_config"]
    if subject.records.find("agents", data["agent_id"]) is None:
        yield Finding("agent-exists", "agent_id", "names no agent of this tenant")
    if data["trigger_type"] == "webhook":
        yield from _webhook(config, subject.records)
    elif data["trigger_type"] == "schedule":
        yield from _schedule(config)
    elif data["trigger_type"] == "db_event" and not subject.records.find("connections", config["connection_id"]):
        yield Finding("connection-exists", "trigger_config.connection_id", "names no connection of this tenant")
    output = config.get("output", {})
    if output.get("channel") == "webhook" and "webhook_url" not in output:
        yield Finding("output-webhook", "trigger_config.output.webhook_url", "is required with channel webhook")


def csp_config(subject: Subject) -> Iterator[Finding]:
    data = subject.data
    if data["scope"] != "tenant" and not data.get("scope_target_id"):
        yield Finding("scope-target", "scope_target_id", f"is required at scope {data['scope']}")
    elif data["scope"] == "agent" and subject.records.find("agents", data["scope_target_id"]) is None:
        yield Finding("target-exists", "scope_target_id", "names no agent of this tenant")
    timezone = data["rules"].get("timezone")
    if data["policy_type"] == "schedule" and timezone is not None:
        try:
            zone(timezone)
        except ValueError as error:
            yield Finding("timezone", "rules.timezone", str(error))
    if data["policy_type"] == "origin":
        yield Finding("origin-inert", "policy_type", "origin policies are stored but not applied", "warning")


def nothing_more(_: Subject) -> Iterator[Finding]:
    yield from ()


RULES: dict[str, Rule] = {
    "api_config": api_config,
    "persona_config": nothing_more,
    "db_config": db_config,
    "skill_config": nothing_more,
    "workflow_config": workflow_config,
    "mcp_tool_config": mcp_config,
    "mcp_resource_config": mcp_config,
    "trigger_config": trigger_config,
    "csp_config": csp_config,
    "approval_policy": nothing_more,
}


def _webhook(config: JsonObject, records: Records) -> Iterator[Finding]:
    strategy = config.get("session_strategy", {})
    if strategy.get("mode") == "derive":
        fields = strategy.get("fields", [])
        if not fields:
            yield Finding("derive-fields", "trigger_config.session_strategy.fields", "is required with mode derive")
        for index, name in enumerate(fields):
            if name not in config.get("context_mapping", {}):
                path = f"trigger_config.session_strategy.fields.{index}"
                yield Finding("derive-resolves", path, f"{name} is not in context_mapping")
    execution = config.get("execution", {})
    if execution.get("mode") == "async" and "callback" not in execution:
        yield Finding("async-callback", "trigger_config.execution.callback", "is required with mode async")
    reference = execution.get("callback", {}).get("auth", {}).get("secret_ref")
    yield from _secret(records, reference, "trigger_config.execution.callback.auth.secret_ref")
    if config.get("output", {}).get("channel", "user") != "user":
        text = "does nothing in a webhook: it answers by response_adapter or execution.callback"
        yield Finding("webhook-output", "trigger_config.output.channel", text, "warning")


def _schedule(config: JsonObject) -> Iterator[Finding]:
    try:
        parse_cron(config["cron"])
    except ValueError as error:
        yield Finding("cron-valid", "trigger_config.cron", str(error))
    try:
        zone(config.get("timezone", "UTC"))
    except ValueError as error:
        yield Finding("cron-valid", "trigger_config.timezone", str(error))
    if "{{" in config.get("output", {}).get("target", {}).get("value", ""):
        yield Finding("schedule-target", "trigger_config.output.target.value", "must be literal in a schedule")


def _secret(records: Records, reference: str | None, path: str) -> Iterator[Finding]:
    if reference is not None and not records.all("secrets", name=reference):
        yield Finding("secret-first", path, "names no stored secret; create it first")
