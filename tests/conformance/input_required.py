"""Tools and a prompt that need more from the client, and are asked again with it (multi round-trip requests)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import mcp_types
from fastmcp import FastMCP
from fastmcp.server.context import Context
from mcp_types import InputRequiredResult

Answers = Mapping[str, Any] | None
Outcome = str | InputRequiredResult


def form(message: str, field: str, kind: str = "string") -> mcp_types.ElicitRequest:
    schema = {"type": "object", "properties": {field: {"type": kind}}, "required": [field]}
    params = mcp_types.ElicitRequestFormParams(message=message, requested_schema=schema)
    return mcp_types.ElicitRequest(method="elicitation/create", params=params)


def sample(text: str) -> mcp_types.CreateMessageRequest:
    message = mcp_types.SamplingMessage(role="user", content=mcp_types.TextContent(type="text", text=text))
    params = mcp_types.CreateMessageRequestParams(messages=[message], max_tokens=100)
    return mcp_types.CreateMessageRequest(method="sampling/createMessage", params=params)


def roots() -> mcp_types.ListRootsRequest:
    return mcp_types.ListRootsRequest(method="roots/list")


def need(state: str | None = None, **requests: Any) -> InputRequiredResult:
    return InputRequiredResult(result_type="input_required", input_requests=requests, request_state=state)


def filled(answers: Answers, name: str, field: str) -> str | None:
    """The value that a person typed into the form, if it was answered with one."""
    answer = (answers or {}).get(name)
    return (answer.content or {}).get(field) if isinstance(answer, mcp_types.ElicitResult) else None


def name_form() -> mcp_types.ElicitRequest:
    return form("What is your name?", "name")


async def test_input_required_result_elicitation(ctx: Context) -> Outcome:
    """Greet by the name that is asked for."""
    name = filled(ctx.input_responses, "user_name", "name")
    return f"Hello, {name}!" if name else need(user_name=name_form())


async def test_streaming_elicitation(ctx: Context) -> Outcome:
    """Say that a question is coming, and ask it in the result."""
    await ctx.report_progress(0, 1)
    return need(user_name=name_form()) if not ctx.input_responses else "Answered."


async def test_input_required_result_sampling(ctx: Context) -> Outcome:
    """Ask the client's model for a capital."""
    answer = (ctx.input_responses or {}).get("capital_question")
    if answer is None:
        return need(capital_question=sample("What is the capital of France?"))
    return f"The model says: {getattr(answer.content, 'text', '')}"


async def test_input_required_result_list_roots(ctx: Context) -> Outcome:
    """Tell the client's folders."""
    answer = (ctx.input_responses or {}).get("client_roots")
    return need(client_roots=roots()) if answer is None else f"{[str(root.uri) for root in answer.roots]}"


async def test_input_required_result_request_state(ctx: Context) -> Outcome:
    """Remember something between two requests."""
    if not ctx.input_responses:
        return need("asked once", confirm=form("Please confirm", "ok", "boolean"))
    return "state-ok" if ctx.request_state == "asked once" else "state-lost"


async def test_input_required_result_tampered_state(ctx: Context) -> Outcome:
    """Remember something that nobody else may change."""
    if not ctx.input_responses:
        return need("sealed", confirm=form("Please confirm", "ok", "boolean"))
    return f"The state came back: {ctx.request_state}"


async def test_input_required_result_multiple_inputs(ctx: Context) -> Outcome:
    """Ask for three things at once."""
    if not ctx.input_responses:
        return need("three", user_name=name_form(), greeting=sample("Generate a greeting"), client_roots=roots())
    return f"Collected {len(ctx.input_responses)} answers."


async def test_input_required_result_multi_round(ctx: Context) -> Outcome:
    """Ask for a name, and then for a colour."""
    name, color = filled(ctx.input_responses, "step1", "name"), filled(ctx.input_responses, "step2", "color")
    if color:
        return f"{ctx.request_state} likes {color}."
    if name:
        return need(name, step2=form("Step 2: What is your favorite color?", "color"))
    return need("nobody", step1=form("Step 1: What is your name?", "name"))


async def test_input_required_result_capabilities(ctx: Context) -> Outcome:
    """Ask for what the client can give, and nothing else."""
    if ctx.input_responses:
        return f"Collected {len(ctx.input_responses)} answers."
    able = ctx.session.client_capabilities
    wanted = {
        "user_name": name_form() if able and able.elicitation is not None else None,
        "capital_question": sample("What is the capital of France?") if able and able.sampling is not None else None,
        "client_roots": roots() if able and able.roots is not None else None,
    }
    requests = {name: request for name, request in wanted.items() if request is not None}
    return need(**requests) if requests else "The client can give nothing."


async def test_input_required_result_prompt(ctx: Context) -> Outcome:
    """A prompt about what the person says."""
    topic = filled(ctx.input_responses, "user_context", "context")
    if topic is None:
        return need(user_context=form("What context should the prompt use?", "context"))
    return f"Speak about {topic}."


TOOLS = (
    test_input_required_result_elicitation,
    test_streaming_elicitation,
    test_input_required_result_sampling,
    test_input_required_result_list_roots,
    test_input_required_result_request_state,
    test_input_required_result_tampered_state,
    test_input_required_result_multiple_inputs,
    test_input_required_result_multi_round,
    test_input_required_result_capabilities,
)


def add_to(mcp: FastMCP) -> None:
    for tool in TOOLS:
        mcp.tool(tool)
    mcp.prompt(test_input_required_result_prompt)
