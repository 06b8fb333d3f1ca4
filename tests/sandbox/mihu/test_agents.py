"""Agents, their sections, settings and intents, as a caller of the API sees them."""


async def test_agents_of_another_tenant_are_not_listed(acme, globex):
    ours = (await acme.get("/api/v1/agents")).json()["data"]["items"]
    theirs = (await globex.get("/api/v1/agents")).json()["data"]["items"]
    assert ours
    assert theirs
    assert not {row["agent_uuid"] for row in ours} & {row["agent_uuid"] for row in theirs}
