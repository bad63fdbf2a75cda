"""What people mean by what they say, exact places of hands, moods and famous names: as a request is read."""

import pytest

from chatpose.atlas.compiled import Atlas
from chatpose.language.verified.plan import Plan
from chatpose.language.verified.plan_aims import IMPLIED_HEAD, aims, aims_told, hopes_of, implied, worded_aims
from chatpose.language.verified.request_famous import famous_names
from chatpose.language.verified.request_moods import mood_of
from chatpose.language.verified.request_places import places_in
from chatpose.posecodes.grammar import contradictions, parse
from chatpose.posecodes.parsing.reading import Parsed, Reading


def lines(statements) -> set[str]:
    return {str(one) for one in statements}


def test_aims_are_of_the_side_that_is_said():
    assert "right upper arm tilt: ..18" in lines(aims((parse("right arm: raised overhead"),)))
    assert not any(line.startswith("left") for line in lines(aims((parse("right arm: raised overhead"),))))


def test_aims_give_way_to_what_is_said():
    said = (parse("right arm: raised overhead"), parse("right elbow: right angle"))
    found = aims(said)
    assert not contradictions([*said, *found])


def test_who_stands_with_an_arm_up_stands_on_both_feet_and_looks_ahead():
    found = lines(implied((parse("left arm: raised overhead"),)))
    assert {"left foot height: ..0.03", "right knee angle: 165..", *IMPLIED_HEAD} <= found


def test_nothing_is_implied_of_a_leg_that_is_lifted_or_of_who_sits():
    assert "left foot height: ..0.03" not in lines(implied((parse("left foot: off ground"),)))
    assert not any("foot" in line for line in lines(implied((parse("sitting on the floor"),))))


def test_wide_is_wider_than_apart():
    apart = (parse("left foot to right foot distance: 0.4.."),)
    assert lines(worded_aims(apart, "feet wide apart")) == {"left ankle left of right ankle: 0.75..1.0"}
    assert not worded_aims(apart, "feet apart")


def test_what_words_tell_comes_first_of_the_hopes():
    said = (parse("left hand: in front of torso"),)
    plan = Plan("left fist thrown out straight ahead", said, worded=worded_aims(said, "left fist thrown out straight"))
    told = aims_told(plan)
    assert told
    assert hopes_of(plan)[: len(told)] == told


@pytest.mark.parametrize(
    ("words", "statement", "goal"),
    [
        ("right hand over the mouth", "right hand: touching head", "right hand at mouth"),
        ("left hand on the back of the head", "left hand: near head", "left hand at back of head"),
        ("right hand on the left shoulder", "right hand: near left shoulder", "right hand at left shoulder"),
    ],
)
def test_places_are_those_that_are_named(words, statement, goal):
    reading = Reading((parse(statement),), 0, len(words))
    assert [str(one) for one in places_in(Parsed(words, (reading,)), (reading,))] == [goal]


def test_a_hand_before_the_face_isnt_brought_to_it():
    words = "fists up in front of the face"
    reading = Reading((parse("left hand: near head"),), 0, len(words))
    assert not places_in(Parsed(words, (reading,)), (reading,))


def test_moods():
    mood = mood_of("fireworks over the harbour")
    assert mood is not None
    assert mood.entries[0] == "looking-up"
    assert mood_of("standing on the left leg") is None


def test_famous_names_and_moods_name_entries_of_the_atlas():
    atlas = Atlas.load()
    assert dict(famous_names(atlas))["t-pose"]
    for text in ("winded", "ashamed", "we won", "freeze", "a newborn", "terrified", "shocked"):
        mood = mood_of(text)
        assert mood is not None
        assert all(entry in atlas.places for entry in mood.entries)
