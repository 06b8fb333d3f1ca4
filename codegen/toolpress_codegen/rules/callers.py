"""Who calls: arguments that name a role, and sessions that depend on a plan."""

from __future__ import annotations

from collections.abc import Iterator

from toolpress_codegen.rules.rule import Finding, Rule, Subject

_CODE = "ROLE_ESCALATION_DENIED"


def role_ceiling(subject: Subject) -> Iterator[Finding]:
    roles = subject.server.roles if subject.server is not None else None
    for site in subject.sites:
        for part in (part for part in site.parts if part.schema.get("role_ceiling") is True):
            values = part.schema.get("enum")
            if len(part.path) > 3:
                message = f"role_ceiling means nothing inside an argument: {part.title}"
                yield site.finding((*part.path, "role_ceiling"), message, "remove it", "key")
            elif not isinstance(values, list) or (roles is not None and any(value not in roles for value in values)):
                message = f"{part.title} has a ceiling, but its values are not the catalogue's roles"
                yield site.finding(part.path, message, "give it an enum of roles in server.yaml", "key")
            if _CODE not in site.tool.errors:
                message = f"{site.tool.name} may refuse a role without saying so"
                yield site.finding(("errors",), message, f"declare {_CODE} under errors", "key")


def session_plans(subject: Subject) -> Iterator[Finding]:
    sessions = subject.server.sessions if subject.server is not None else None
    if sessions is not None and sessions.plan is None and len(sessions.lifetime_hours) > 1:
        message = "nothing says which plan a caller has"
        yield subject.at_server(("sessions", "lifetime_hours"), message, "add plan:, or keep one lifetime")


RULES = (
    Rule(
        "role-ceiling",
        "A ceiling stands over a role",
        "`role_ceiling: true` refuses a call that names a role above the caller's own, before anything is sent. It"
        " belongs to an argument whose `enum` holds roles of `server.yaml`, in a tool that declares"
        f" `{_CODE}`.",
        role_ceiling,
    ),
    Rule(
        "session-plans",
        "Lifetimes by plan need the plan",
        "With more than one lifetime, `sessions.plan` names the member of the identity tool's answer that chooses.",
        session_plans,
    ),
)
