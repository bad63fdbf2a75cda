"""The scripted conversation of the documentation: script, demands, pictures; and a request on the page that dies."""

import json
import re
import sys
from pathlib import Path

import pytest
import torch
from page_desk import act, make_desk, say
from test_agent_intent import JOINTS

from chatpose.agent.items import PoseItem
from chatpose.agent.own_tools import OWN_TOOLS
from chatpose.agent.state import ConversationState, Turn
from chatpose.agent.steps import Step
from chatpose.agent.toolbox import RUNS
from chatpose.body.model import BodyModel
from chatpose.body.pose import Pose
from chatpose.corpus.instructions.tools import TOOLS
from chatpose.posecodes.describe import Describer
from chatpose.posecodes.grammar import parse

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs" / "conversation"
sys.path.insert(0, str(ROOT / "benchmarks"))

from conversation_judge import Judge, Played, expectations  # noqa: E402  # pyright: ignore[reportMissingImports]

SCRIPT = [line for line in (DOCS / "script.txt").read_text(encoding="utf-8").splitlines() if line.strip()]
WANTED = expectations(DOCS / "expected.jsonl")


@pytest.fixture(scope="module")
def judge() -> Judge:
    return Judge()


def test_every_line_has_its_demands_and_every_ability_its_line(judge):
    assert len(SCRIPT) == len(WANTED) >= 28
    used = {tool for row in WANTED for tool in row.get("tools", ())}
    assert set(TOOLS) <= used, "every tool of the conversation"
    assert "rename" in used & set(OWN_TOOLS)
    for row in WANTED:
        assert set(row) - {"about", "shot", "tab", "tools", "says"} or "says" in row or row.get("tools"), row
        for line in (*row.get("holds", ()), *row.get("hits_hold", ())):
            parse(line)
        re.compile(row.get("says", ""))
    assert sum(line.startswith("@") for line in SCRIPT) == 2, "a photo and a pose file"


def test_the_transcript_is_of_this_script():
    told = (DOCS / "transcript.md").read_text(encoding="utf-8")
    assert [line[2:] for line in told.splitlines() if line.startswith("> ")][: len(SCRIPT)] == SCRIPT
    pictures = [DOCS / f"{row['shot']}.webp" for row in WANTED if "shot" in row]
    assert 6 <= len(pictures) <= 8
    for picture in pictures:
        assert picture.stat().st_size <= 120_000
        assert f"({picture.name})" in told


def turn(before: ConversationState, after: ConversationState, *tools: str, reply: str = "") -> Played:
    steps = tuple(Step("tool", name) for name in tools)
    return Played("…", reply, 0.1, before, after.with_turn(Turn("…", reply, steps=steps)))


def test_the_judge_sees_what_is_wrong(judge):
    none = ConversationState()
    one = none.add_pose(PoseItem(1, "standing", Pose.identity(), JOINTS, "generated"))
    assert judge.faults({"tools": ["generate"], "made": 1, "source": "generated"}, turn(none, one, "generate")) == []
    assert judge.faults({"tools": ["generate"]}, turn(none, one)) != []
    assert judge.faults({"made": 2}, turn(none, one)) != []
    assert judge.faults({"holds": ["kneeling"]}, turn(none, one)) != []
    assert judge.faults({"holds": ["standing"]}, turn(none, one)) == []
    assert judge.faults({"says": "knee"}, turn(none, one, reply="elbow")) != []
    assert judge.faults({"angles": {"left_knee_flexion": [35, 36]}}, turn(none, one)) != []
    assert judge.faults({"hits": 1}, turn(none, one)) != []
    assert judge.faults({"title": "guard"}, turn(none, one)) != []
    bent = torch.zeros(69)
    bent[9] = 1.0  # left knee
    other = PoseItem(2, "bent", Pose.from_axis_angle(torch.zeros(3), bent), JOINTS, "edited")
    two = one.add_pose(other)
    assert judge.faults({"kept": ["right_knee"]}, turn(one, two)) == []
    assert judge.faults({"kept": ["left_knee"]}, turn(one, two)) != []
    assert judge.faults({"up": ["left_hand"]}, turn(one, two)) != []


def test_a_request_on_the_page_that_dies_leaves_page_and_conversation(monkeypatch):
    describer = Describer(BodyModel.open())

    def dies(*_):
        raise MemoryError

    with make_desk(describer) as desk:
        visit = desk.visit(None)
        say(desk, visit, "make a pose")
        kept = visit.state
        monkeypatch.setitem(RUNS, "mirror", dies)
        change = say(desk, visit, "mirror it")[-1]
        assert not change.messages[-1]["working"]
        steps = visit.state.turns[-1].steps
        assert [(step.name, step.failed) for step in steps][:1] == [("mirror", True)]
        assert "too large for the memory" in steps[0].result
        assert visit.state.poses == kept.poses
        monkeypatch.undo()
        say(desk, visit, "mirror it")
        assert visit.state.current == 2
        saved = act(desk, visit, "save").file
        assert saved is not None
        text = saved.read_text(encoding="utf-8")
        assert len(json.loads(text)["turns"]) == 3
