"""What conversations are judged by: evaluate settings, analyzers, QA agents and coaching agents."""

from __future__ import annotations

import pytest

from tests.sandbox.mihu.answers import data, field
from toolpress_sandbox.mihu import scoring

SALES = "a0000000-0000-4000-8000-000000000001"
SERVICE = "a0000000-0000-4000-8000-000000000002"
RECEPTION = "a0000000-0000-4000-8000-000000000081"
UNKNOWN = "ffffffff-ffff-4fff-8fff-ffffffffffff"
DEFAULT = "/api/v1/evaluate/default"
ANALYZERS = "/api/v1/analyzers"
QA, COACHING = "/api/v1/qa-agents", "/api/v1/coaching-agents"
DEFAULTS = {QA: "97000000-0000-4000-8000-000000000001", COACHING: "97000000-0000-4000-8000-000000000011"}
OTHERS = {QA: "97000000-0000-4000-8000-000000000002", COACHING: "97000000-0000-4000-8000-000000000012"}
FOREIGN = {QA: "97000000-0000-4000-8000-000000000081", COACHING: "97000000-0000-4000-8000-000000000091"}
TWO = [{"name": "Greeting", "weight": 40}, {"name": "Closing", "weight": 60.0}]


def of(agent):
    return f"/api/v1/agents/{agent}/evaluate"


async def test_an_agent_follows_the_default_until_it_has_settings_of_its_own(acme):
    before = data(await acme.get(DEFAULT))
    assert (before["agent_uuid"], before["is_default"], before["source"]) == (None, True, "default")
    assert data(await acme.get(of(SALES))) == {**before, "agent_uuid": SALES}
    changed = data(await acme.put(of(SERVICE), json={"text": {"emotion_detection": {"enabled": False}}}))
    assert (changed["agent_uuid"], changed["is_default"], changed["source"]) == (SERVICE, False, "agent")
    assert changed["text"]["emotion_detection"] == {**before["text"]["emotion_detection"], "enabled": False}
    assert changed["voice"] == before["voice"]
    await acme.put(DEFAULT, json={"sessionization": {"timeout_minutes": 45}})
    minutes = [
        data(await acme.get(path))["sessionization"]["timeout_minutes"] for path in (DEFAULT, of(SALES), of(SERVICE))
    ]
    assert minutes == [45, 45, before["sessionization"]["timeout_minutes"]]
    assert data(await acme.get(of(SERVICE))) == changed


async def test_only_what_is_sent_is_changed_at_any_depth(acme):
    before = data(await acme.get(DEFAULT))
    change = {
        "sessionization": {"report_language": "German"},
        "voice": {"success_evaluation_prompt": {"prompt": "A car was sold."}},
    }
    after = data(await acme.put(DEFAULT, json=change))
    before["sessionization"]["report_language"] = "German"
    before["voice"]["success_evaluation_prompt"]["prompt"] = "A car was sold."
    assert after == before
    assert data(await acme.put(DEFAULT, json={})) == before
    assert data(await acme.get(DEFAULT)) == before


async def test_an_agent_is_switched_off_changed_again_and_given_the_default_back(acme):
    await acme.put(of(SALES), json={"is_active": False})
    changed = data(await acme.put(of(SALES), json={"sessionization": {"timeout_minutes": 5}}))
    assert (changed["is_active"], changed["sessionization"]["timeout_minutes"]) == (False, 5)
    default = data(await acme.put(DEFAULT, json={"sessionization": {"timeout_minutes": 50}}))
    fresh = data(await acme.post(f"{of(SALES)}/reassign"))
    assert fresh == {**default, "agent_uuid": SALES, "is_default": False, "source": "agent"}
    await acme.put(DEFAULT, json={"sessionization": {"timeout_minutes": 60}})
    assert data(await acme.get(of(SALES))) == fresh


@pytest.mark.parametrize(
    "body",
    [
        {"text": {"politeness": {"enabled": True}}},
        {"voice": {"knowledge_gap": {"prompt": "No."}}},
        {"sessionization": {"timeout_minutes": 0}},
        {"sessionization": {"session_mode": "fixed"}},
    ],
)
async def test_unknown_metrics_and_values_out_of_range_are_refused(acme, body):
    before = data(await acme.get(of(SALES)))
    for path in (DEFAULT, of(SALES)):
        assert field(await acme.put(path, json=body)).startswith(next(iter(body)))
    assert data(await acme.get(of(SALES))) == before


async def test_settings_stay_within_the_tenant(acme, globex):
    before = data(await acme.get(DEFAULT))
    assert data(await globex.get(DEFAULT))["sessionization"] != before["sessionization"]
    await globex.put(DEFAULT, json={"sessionization": {"timeout_minutes": 99}})
    assert data(await acme.get(DEFAULT)) == before
    assert (await globex.get(of(SALES))).status_code == 404
    assert (await globex.put(of(SALES), json={"is_active": False})).status_code == 404
    assert (await acme.post(f"{of(RECEPTION)}/reassign")).status_code == 404


async def test_there_is_an_analyzer_for_each_field_and_stage(acme):
    rows = data(await acme.get(ANALYZERS))
    kinds = {"b": "builtin", "f": "field", "p": "pipeline"}
    assert {row["type"] for row in rows} == set(kinds.values())
    for row in rows:
        assert kinds[row["internal_id"].partition("_")[0]] == row["type"]
    for kind in kinds.values():
        listed = data(await acme.get(ANALYZERS, params={"type": kind}))
        assert listed == [row for row in rows if row["type"] == kind]
    assert {"b_email", "f_licence_plate", "p_initial_contact"} <= {row["internal_id"] for row in rows}


async def test_an_analyzer_is_changed_and_what_is_left_out_stays(acme, globex):
    one = f"{ANALYZERS}/f_licence_plate"
    await acme.put(one, json={"analysis_goals": "Find the plate.", "example_values": "34 A 1\n06 B 2"})
    changed = data(await acme.put(one, json={"update_behavior": "manual_approval"}))
    assert (changed["analysis_goals"], changed["example_values"]) == ("Find the plate.", "34 A 1\n06 B 2")
    assert changed["update_behavior"] == "manual_approval"
    assert changed in data(await acme.get(ANALYZERS))
    assert (await globex.put(one, json={})).status_code == 404
    assert field(await acme.put(one, json={"analysis_goals": "x" * 1001})) == "analysis_goals"


async def test_of_a_builtin_analyzer_only_the_behaviour_changes(acme):
    before = next(row for row in data(await acme.get(ANALYZERS)) if row["internal_id"] == "b_email")
    body = {"update_behavior": "dont_update", "analysis_goals": "Something else.", "example_values": "a@b.c"}
    changed = data(await acme.put(f"{ANALYZERS}/b_email", json=body))
    assert changed == {**before, "update_behavior": "dont_update"}


@pytest.mark.parametrize("path", [QA, COACHING])
async def test_there_is_one_default_that_moves_and_stays(acme, path):
    default, other = f"{path}/{DEFAULTS[path]}", f"{path}/{OTHERS[path]}"
    refused = await acme.delete(default)
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "CONFLICT")
    assert data(await acme.patch(default, json={"is_default": False}))["is_default"] is True
    assert data(await acme.patch(other, json={"is_default": True}))["is_default"] is True
    assert data(await acme.get(default))["is_default"] is False
    assert data(await acme.delete(default)) is None
    assert (await acme.get(default)).status_code == 404
    new = data(await acme.post(path, json={"name": "New", "is_default": True}), 201)
    rows = data(await acme.get(path))["items"]
    assert [row["uuid"] for row in rows if row["is_default"]] == [new["uuid"]]


@pytest.mark.parametrize("path", [QA, COACHING])
async def test_templates_are_listed_newest_first_by_use_and_in_pages(acme, globex, path):
    new = data(await acme.post(path, json={"name": "New", "is_active": False}), 201)
    pages = [data(await acme.get(path, params={"per_page": 2, "page": number})) for number in (1, 2)]
    assert [row["uuid"] for page in pages for row in page["items"]] == [new["uuid"], OTHERS[path], DEFAULTS[path]]
    active = data(await acme.get(path, params={"is_active": "true"}))["items"]
    assert [row["uuid"] for row in active] == [DEFAULTS[path]]
    assert [row["uuid"] for row in data(await globex.get(path))["items"]] == [FOREIGN[path]]
    assert (await globex.patch(f"{path}/{DEFAULTS[path]}", json={"is_default": True})).status_code == 404
    assert (await globex.delete(f"{path}/{OTHERS[path]}")).status_code == 404


async def test_a_qa_agent_begins_with_a_whole_standard_scorecard_and_keeps_times_with_an_offset(acme):
    made = data(await acme.post(QA, json={"name": "Support QA"}), 201)
    assert [skill["name"] for skill in made["skills"]] == ["Greeting", "Empathy", "Compliance", "Resolution", "Sales"]
    assert (made["total_weight"], made["weights_balanced"]) == (100, True)
    assert made["created_at"] == "2026-03-10T12:00:00+00:00"
    assert data(await acme.get(f"{QA}/{made['uuid']}")) == made


async def test_skills_with_a_uuid_go_on_the_others_are_new_and_the_rest_is_gone(acme):
    one = f"{QA}/{OTHERS[QA]}"
    old = data(await acme.get(one))["skills"]
    given = [{"name": "Greeting", "weight": 30}, {"uuid": old[0]["uuid"], "name": old[0]["name"], "weight": 70}]
    for response in (
        await acme.patch(one, json={"skills": given}),
        await acme.put(f"{one}/skills", json={"skills": given}),
    ):
        new, kept = data(response)["skills"]
        assert kept == {**old[0], "weight": 70, "order": 1}
        assert (new["name"], new["max_score"], new["order"], new["is_custom"]) == ("Greeting", 10, 0, True)
        assert new["uuid"] not in {skill["uuid"] for skill in old}
    assert response.json()["message"] == "Skills replaced successfully"
    renamed = data(await acme.patch(one, json={"name": "Other"}))
    assert (renamed["name"], renamed["skills"]) == ("Other", data(response)["skills"])


@pytest.mark.parametrize(
    ("skills", "wrong"),
    [
        ([{"name": "Greeting", "weight": 99}], "skills"),
        ([*TWO, {"name": "More", "weight": 1}], "skills"),
        ([{"uuid": UNKNOWN, "name": "Greeting", "weight": 100}], "skills.0.uuid"),
        ([{"uuid": "97a00000-0000-4000-8000-000000000021", "name": "Twice", "weight": 50}] * 2, "skills.1.uuid"),
        ([], "skills"),
    ],
)
async def test_a_scorecard_that_does_not_hold_together_is_refused(acme, skills, wrong):
    one = f"{QA}/{OTHERS[QA]}"
    before = data(await acme.get(one))
    assert field(await acme.put(f"{one}/skills", json={"skills": skills})) == wrong
    assert field(await acme.patch(one, json={"name": "Other", "skills": skills})) == wrong
    assert data(await acme.get(one)) == before


async def test_a_coach_begins_with_samples_and_lists_that_are_sent_replace_the_old(acme):
    made = data(await acme.post(COACHING, json={"name": "Coach", "resource_library": [{"title": "One"}]}), 201)
    assert made["coaching_templates"]
    assert made["training_examples"]
    one = f"{COACHING}/{made['uuid']}"
    changed = data(await acme.patch(one, json={"training_examples": [], "coaching_tone": "direct"}))
    assert (changed["training_examples"], changed["coaching_tone"]) == ([], "direct")
    assert changed["coaching_templates"] == made["coaching_templates"]
    assert changed["resource_library"] == [{"title": "One"}]


async def test_a_report_scores_by_weight_and_grave_mistakes_fail_it(acme):
    body = {
        "name": "Strict",
        "strictness_level": 70,
        "auto_fail_threshold": 1,
        "skills": [
            {"name": "Greeting", "weight": 50, "positive_items": [{"name": "Good morning", "points": 4}]},
            {
                "name": "Compliance",
                "weight": 50,
                "penalty_items": [{"name": "Promises", "penalty_points": -5, "is_auto_fail": True}],
            },
        ],
    }
    judge = data(await acme.post(QA, json=body), 201)
    good = scoring.evaluate(judge, ["Good morning!", "How can I help?"])
    assert (good["score"], good["passed"], good["is_applied"]) == (100, True, True)
    assert [skill["score"] for skill in good["skills"]] == [10, 10]
    dull = scoring.evaluate(judge, ["Yes?"])
    assert (dull["score"], dull["passed"]) == (80, True)
    assert scoring.evaluate({**judge, "strictness_level": 81}, ["Yes?"])["passed"] is False
    bad = scoring.evaluate(judge, ["Good morning, he promises it."])
    assert (bad["score"], bad["auto_failed"], bad["passed"]) == (75, True, False)
    assert bad["skills"][1]["found"] == ["Promises"]
    assert scoring.evaluate(judge, [])["is_applied"] is False


async def test_a_coach_speaks_up_only_below_its_threshold(acme):
    judge, coach = [data(await acme.get(f"{path}/{DEFAULTS[path]}")) for path in (QA, COACHING)]
    spoken = ["Good morning, I understand.", "Gladly. Would tomorrow suit our offer?"]
    assert scoring.coach(coach, scoring.evaluate(judge, spoken)) is None
    report = scoring.evaluate(judge, ["I guarantee it.", "Calm down."])
    feedback = scoring.coach(coach, report)
    assert feedback["skill"] == "Empathy"
    assert f"{report['score']:g} percent" in feedback["message"]
    assert [item["title"] for item in feedback["resources"]] == ["Opening a call"]
