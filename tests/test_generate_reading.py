"""Requests → plans: text made fit, names spotted, limbs of statements, sides, scope; the parser is a stand-in."""

import re

import pytest

from chatpose.atlas.compiled import Atlas
from chatpose.errors import TooLargeError
from chatpose.language.verified.plan import Plan, agreeing, without_contradictions
from chatpose.language.verified.plan_parts import limbs_of, moving_joints_for, still_joints
from chatpose.language.verified.request import RequestReader
from chatpose.language.verified.request_scope import scope_of
from chatpose.language.verified.request_sides import mirrored_by, side_hints
from chatpose.language.verified.request_situations import Situations, read_situations
from chatpose.language.verified.request_text import MAX_CHARS, RequestError, clean_request, foreign_script
from chatpose.language.verified.request_words import EntryTexts, stem
from chatpose.language.verified.spotting import NameSpotter
from chatpose.posecodes.definitions import all_posecodes
from chatpose.posecodes.grammar import Statement, parse
from chatpose.posecodes.parsing.reading import Parsed, Reading


class LineParser:
    """Reads what stands between brackets as statements of the grammar."""

    def parse(self, text: str) -> Parsed:
        readings = []
        for found in re.finditer(r"\[([^\]]+)\]", text):
            statements = tuple(parse(line) for line in found[1].split(";"))
            readings.append(Reading(statements, *found.span()))
        return Parsed(text, tuple(readings))


@pytest.fixture(scope="module")
def spotter() -> NameSpotter:
    return NameSpotter(Atlas.load())


@pytest.fixture(scope="module")
def reader() -> RequestReader:
    return RequestReader(LineParser(), Atlas.load())


# --- text ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", "  ", "...?!", "​﻿ ", "12 34"])
def test_a_request_without_a_word_is_an_error(text):
    with pytest.raises(RequestError):
        clean_request(text)


def test_a_long_request_is_an_error():
    with pytest.raises(TooLargeError):
        clean_request("a" * (MAX_CHARS + 1))
    assert clean_request("a" * MAX_CHARS)


def test_lines_controls_and_half_characters_become_one_line():
    assert clean_request("tree\n\tpose\x00 \udc80now") == "tree pose now"


def test_addresses_paths_and_markup_are_left_out():
    assert clean_request("<b>squatting</b> like in https://example.org/pose.png") == "squatting like in"
    with pytest.raises(RequestError):
        clean_request("../../etc/passwd")


def test_emoji_are_read_by_their_names():
    assert "lotus position" in clean_request("🧘")
    assert clean_request("🙆‍♀️")


def test_scripts():
    assert foreign_script("両手を上げて立っている人")
    assert not foreign_script("vṛkṣāsana, the tree")


# --- names -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "entry", "strength"),
    [
        ("tree pose", "tree", "whole"),
        ("Please show me someone in the Tree pose", "tree", "whole"),
        ("Vṛkṣāsana", "tree", "whole"),
        ("Warrior two, but looking down", "warrior-2", "clear"),
        ("warrior II with bent arms", "warrior-2", "clear"),
        ("someone draws his sword", "sword-at-hip", "whole"),
        ("in tree with the arms overhead", "tree", "clear"),
        ("He is up in a tree", "tree", "doubtful"),
        ("crossing a bridge", "bridge", "doubtful"),
        ("doing a bridge", "bridge", "whole"),
        ("pays attention", "attention", "doubtful"),
        ("standing at attention", "attention", "whole"),
        ("right arm pointing up", "pointing-up", "doubtful"),
        ("in an A-pose", "a-pose", "whole"),
    ],
)
def test_names_are_spotted(spotter, text, entry, strength):
    assert [(one.entry_id, one.strength) for one in spotter.spot(text)] == [(entry, strength)]


def test_the_place_of_a_name_is_told(spotter):
    text = "someone in warrior two, looking down"
    (one,) = spotter.spot(text)
    assert text[one.start : one.stop] == "warrior two"


def test_a_name_of_the_other_side_is_the_mirror_image(spotter):
    assert [(one.entry_id, one.mirrored) for one in spotter.spot("right hook")] == [("hook-punch", True)]


def test_pose_alone_is_no_name(spotter):
    assert spotter.spot("a pose of somebody") == []


def test_limbs_in_other_words_are_no_name(spotter):
    assert spotter.spot("the left arm crosses the chest") == []


# --- statements and limbs --------------------------------------------------------------------------------------------


def test_every_statement_is_about_something_and_mirrors():
    exchanged = {"left arm": "right arm", "right arm": "left arm", "left leg": "right leg", "right leg": "left leg"}
    for code in all_posecodes():
        statement = Statement(code)
        limbs = limbs_of(statement)
        assert limbs
        assert limbs_of(statement.mirrored()) == {exchanged.get(limb, limb) for limb in limbs}


@pytest.mark.parametrize(
    ("line", "limbs"),
    [
        ("left hand: near right knee", {"left arm"}),
        ("hands: touching each other", {"left arm", "right arm"}),
        ("right knee angle: 80..100", {"right leg"}),
        ("left hand to head distance: ..0.3", {"left arm"}),
        ("gaze: down", {"head"}),
        ("bending forward", {"trunk"}),
        ("kneeling", {"whole"}),
        ("left side bend left: 1..", {"trunk"}),
    ],
)
def test_limbs_of_statements(line, limbs):
    if line.startswith("left side"):
        line = "side bend left: 20.."
    assert limbs_of(parse(line)) == limbs


def test_an_arm_moves_alone_and_a_leg_with_the_trunk():
    arm = moving_joints_for(frozenset(("left arm",)))
    assert arm == {"left_collar", "left_shoulder", "left_elbow", "left_wrist", "left_hand"}
    leg = moving_joints_for(frozenset(("left leg",)))
    assert {"pelvis", "spine1", "right_knee"} <= leg
    assert "left_shoulder" not in leg
    assert not still_joints(frozenset(("left arm",))) & arm


def test_contradictions_keep_what_was_said_first():
    lines = ["left knee: straight", "left knee: right angle", "gaze: up", "not: gaze: up"]
    kept, pairs = without_contradictions([parse(line) for line in lines])
    assert [str(one) for one in kept] == ["left knee: straight", "gaze: up"]
    assert len(pairs) == 2


def test_expected_statements_that_are_contradicted_go():
    kept = agreeing([parse("left knee: straight"), parse("torso: vertical")], [parse("left knee: right angle")])
    assert [str(one) for one in kept] == ["torso: vertical"]


# --- sides and scope -------------------------------------------------------------------------------------------------


def test_a_side_that_words_give_to_a_pose():
    tree = Atlas.load().find("tree pose")
    assert mirrored_by(side_hints("on the right leg", set()), tree) is True
    assert mirrored_by(side_hints("on the left leg", set()), tree) is False
    assert mirrored_by(side_hints("on a hill", set()), tree) is None
    assert side_hints("on the right leg", set(range(16))) == []


@pytest.mark.parametrize(
    ("text", "scope"),
    [
        ("someone who saw a ghost", "pose"),
        ("a burglar at night", "pose"),
        ("What's the capital of Australia?", "other"),
        ("write me a poem about autumn", "other"),
        ("a bit cheaper if possible", "unclear"),
        ("the red one", "unclear"),
    ],
)
def test_scope(text, scope):
    assert scope_of(text) == scope


# --- plans -----------------------------------------------------------------------------------------------------------


def test_a_name_alone_expects_its_statements(reader):
    (plan,) = reader.read("tree pose")
    assert plan.entry == "tree"
    assert plan.named
    assert not plan.said
    assert plan.expected == Atlas.load().find("tree").claims


def test_a_change_gives_up_what_it_contradicts_and_keeps_the_rest(reader):
    plan = reader.read("warrior two, [left knee: straight]")[0]
    assert [str(one) for one in plan.said] == ["left knee: straight"]
    lines = [str(one) for one in plan.expected]
    assert "left knee angle: 75..108" not in lines
    assert "torso: vertical" in lines
    assert plan.changed == {"left leg"}
    assert all("left leg" not in limbs_of(one) for one in plan.kept)


def test_the_mirror_image_is_tried_where_it_fits_better(reader):
    plans = reader.read("warrior two, [right knee: right angle; left knee: straight]")
    assert plans[0].mirrored


def test_what_is_said_without_a_name_is_about_somebody_who_stands(reader):
    (plan,) = reader.read("with the [left hand: on hip]")
    assert plan.entry is None
    assert [str(one) for one in plan.said] == ["left hand: on hip"]


def test_nothing_understood_gives_no_plan(reader):
    assert reader.read("asdf qwer") == []


def test_a_conversation_goes_on(reader):
    before = reader.read("warrior two")
    plan = reader.read("the same, but [gaze: down]", history=before)[0]
    assert plan.entry == "warrior-2"


def test_contradictions_are_told(reader):
    (plan,) = reader.read("[arms: raised overhead] and [arms: hanging down]")
    assert plan.contradictions == (("arms: raised overhead", "arms: hanging down"),)


def test_statements_of_a_plan_come_once():
    plan = Plan("x", (parse("kneeling"),), (parse("kneeling"), parse("gaze: up")))
    assert [str(one) for one in plan.statements] == ["kneeling", "gaze: up"]


# --- words -----------------------------------------------------------------------------------------------------------


def test_stems_join_forms_of_a_word():
    assert len({stem(word) for word in ("draw", "draws", "drawing")}) == 1
    assert stem("running") == stem("runs")


def test_rare_words_find_their_entry():
    atlas = Atlas.load()
    scores = EntryTexts.of(atlas).scores("somebody curtsies to the countess")
    assert atlas.entries[int(scores.argmax())].id in ("curtsy", "kissing-hand")


def test_situations_are_of_training_entries_and_of_one_build():
    atlas, found = Atlas.load(), Situations.load()
    assert set(found.entries) <= {entry.id for entry in atlas.training()}
    assert len(set(found.texts)) == len(found.texts) == len(found.vectors)


@pytest.mark.parametrize("line", [b"no tab", b"a\t", b"a\tb\tc", b"\xff\tb"])
def test_a_bad_situation_is_refused(line):
    with pytest.raises(ValueError, match=r"situation|UTF-8"):
        read_situations(line)
