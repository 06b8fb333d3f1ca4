"""Figures agree with what is in the logs, and exports are complete."""

from __future__ import annotations

import pytest

from tests.sandbox.mihu.answers import field, read
from tests.sandbox.mihu.messages import free_text, sms
from tests.sandbox.mihu.telephony import SALES, SERVICE, WHOLE_YEAR, placed


async def figures(client, path, **query):
    answer = await client.get(f"/api/v1/analytics/{path}", params={**WHOLE_YEAR, **query})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_figures_have_no_envelope(acme):
    for path in ("calls", "sessions", "messages", "agents", "campaigns", "delivery"):
        assert not {"success", "data", "message"} & set(await figures(acme, path))


async def test_call_figures_count_what_is_in_the_log(acme, clock):
    before = (await figures(acme, "calls"))["totals"]
    assert before["calls"] == (await read(acme, "calls"))["total"]
    assert before["inbound"] == (await read(acme, "calls", direction="inbound"))["total"]
    await placed(acme)
    await placed(acme, "+905551110099")
    await placed(acme, path="whatsapp/call")
    clock.advance(100)
    after = await figures(acme, "calls")
    grown = {name: after["totals"][name] - before[name] for name in ("calls", "outbound", "answered", "failed")}
    assert grown == {"calls": 3, "outbound": 3, "answered": 2, "failed": 1}
    assert sum(after["outcome"].values()) == after["totals"]["calls"]
    assert sum(after["buckets"].values()) == after["totals"]["answered"]
    assert after["duration_sec"]["total"] == sum(row["duration"] for row in (await read(acme, "calls"))["data"])
    assert (await figures(acme, "calls", channel="whatsapp_call"))["totals"]["calls"] == 1
    both = await figures(acme, "calls", channel="call,whatsapp_call")
    assert both["totals"] == after["totals"]
    assert (await figures(acme, "calls", agent_uuid=SERVICE))["totals"]["calls"] == 0


async def test_a_window_holds_its_start_and_not_its_end(acme):
    call = await placed(acme)
    at = (await read(acme, f"calls/{call['id']}"))["created_at"]
    later = {"from": at, "to": "2026-03-11T00:00:00+03:00"}
    assert (await figures(acme, "calls", **later))["totals"]["calls"] == 1
    earlier = await figures(acme, "calls", to=at, compare_prev=True)
    everything = await figures(acme, "calls")
    assert earlier["totals"]["calls"] == everything["totals"]["calls"] - 1
    assert "previous" not in everything


async def test_the_window_before_has_the_same_length_and_the_same_filters(acme):
    day = {"from": "2026-03-09T12:00:00Z", "to": "2026-03-10T12:00:00Z"}
    day_before = {"from": "2026-03-08T12:00:00Z", "to": "2026-03-09T12:00:00Z"}
    compared = await figures(acme, "calls", **day, compare_prev=True)
    assert compared["previous"]["totals"] == (await figures(acme, "calls", **day_before))["totals"]
    assert compared["previous"]["totals"]["calls"] > 0


@pytest.mark.parametrize("path", ["calls", "sessions", "messages", "agents", "campaigns", "delivery"])
async def test_a_reversed_window_is_refused(acme, path):
    query = {"from": "2026-03-10T00:00:00+03:00", "to": "2026-03-09T22:00:00+01:00"}
    answer = await acme.get(f"/api/v1/analytics/{path}", params=query)
    assert (answer.status_code, answer.json()["error"]["field"]) == (422, "to")


async def test_agents_and_campaigns_are_compared_by_their_own_traffic(acme, globex):
    rows = {row["agent_uuid"]: row for row in (await figures(acme, "agents"))["agents"]}
    totals = (await figures(acme, "calls", agent_uuid=SALES))["totals"]
    assert (rows[SALES]["calls"], rows[SALES]["answered"]) == (totals["calls"], totals["answered"])
    assert (rows[SERVICE]["calls"], rows[SERVICE]["success_rate"]) == (0, None)
    assert [row["agent_uuid"] for row in (await figures(acme, "agents", agent_uuid=SALES))["agents"]] == [SALES]
    assert SALES not in {row["agent_uuid"] for row in (await figures(globex, "agents"))["agents"]}
    for row in (await figures(acme, "campaigns"))["campaigns"]:
        own = (await figures(acme, "calls", campaign_uuid=row["campaign_uuid"]))["totals"]
        assert (row["calls"], row["answered"], row["failed"]) == (own["calls"], own["answered"], own["failed"])


async def export(client, **query):
    return await client.get("/api/v1/analytics/messages", params={**WHOLE_YEAR, **query})


async def test_an_export_is_complete_page_by_page_while_new_messages_arrive(acme):
    whole = (await export(acme)).json()
    assert whole["pagination"] == {"next_cursor": None, "has_more": False, "limit": 500}
    gathered, cursor = [], {}
    while cursor is not None:
        page = (await export(acme, limit=4, **cursor)).json()
        assert len(page["messages"]) <= 4
        gathered += page["messages"]
        assert page["pagination"]["has_more"] == (page["pagination"]["next_cursor"] is not None)
        cursor = {"cursor": page["pagination"]["next_cursor"]} if page["pagination"]["has_more"] else None
        if len(gathered) == 4:
            await sms(acme)
    assert gathered[:-1] == whole["messages"]
    assert gathered[-1]["channel"] == "sms"
    times = [row["created_at"] for row in gathered]
    assert times == sorted(times)


async def test_an_export_refuses_a_cursor_that_is_not_its_own(acme, globex):
    cursor = (await export(acme, limit=1)).json()["pagination"]["next_cursor"]
    assert field(await export(acme, cursor="page-two")) == "cursor"
    assert field(await export(globex, cursor=cursor)) == "cursor"
    assert field(await export(acme, limit=1001)) == "limit"


async def test_an_export_keeps_what_its_filters_say(acme):
    everything = (await export(acme)).json()["messages"]
    for channel in ("call", "whatsapp", "sms"):
        found = (await export(acme, channel=channel)).json()["messages"]
        assert found
        assert found == [row for row in everything if row["channel"] == channel]
    assert (await export(acme, agent_uuid=SERVICE)).json()["messages"] == []


async def delivery(client, **query):
    answer = await client.get("/api/v1/analytics/delivery", params={**WHOLE_YEAR, **query})
    return {row["channel"]: row for row in answer.json()["channels"]}


async def test_delivery_rates_follow_the_messages(acme, clock):
    before = await delivery(acme)
    await sms(acme)
    await sms(acme, "+905551110099")
    await free_text(acme)
    clock.advance(3600)
    after = await delivery(acme)
    grown = {name: after["sms"][name] - before["sms"][name] for name in ("sent", "delivered", "failed")}
    assert grown == {"sent": 2, "delivered": 1, "failed": 1}
    assert after["whatsapp"]["read"] == before["whatsapp"]["read"] + 1
    assert after["sms"]["delivery_rate"] == round(after["sms"]["delivered"] / after["sms"]["sent"], 4)
    assert list(await delivery(acme, channel="sms")) == ["sms"]
    assert (await delivery(acme, agent_uuid=SERVICE))["sms"]["delivery_rate"] is None
