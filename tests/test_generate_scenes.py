"""What scenes tell of posture and activity, and what requests borrow of named poses."""

import numpy as np
import pytest

from chatpose.atlas.compiled import Atlas
from chatpose.body.model import BodyModel
from chatpose.language.verified.plan import Plan
from chatpose.language.verified.request_borrowed import done_by, gives_legs, lends_arms, one_of_two, without_sides
from chatpose.language.verified.request_near import Near
from chatpose.language.verified.request_scenes import fitting, less_of_exercise, postures_of, speaks_of_exercise
from chatpose.language.verified.spotting import NameSpotter
from chatpose.posecodes.grammar import parse

POSTURES = {"arms-crossed": "standing", "corpse": "lying", "sitting-upright": "seat", "shovelling": "standing"}


def _near(*entries: str) -> list[Near]:
    return [Near(entry, False, 1.0 - 0.1 * place, 0.25) for place, entry in enumerate(entries)]


@pytest.fixture(scope="module")
def spotter() -> NameSpotter:
    return NameSpotter(Atlas.load())


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("someone asleep in bed", "corpse"),
        ("bored on a bench", "sitting-upright"),
        ("he digs a hole", "shovelling"),
        ("a grey morning", "arms-crossed"),
    ],
)
def test_places_and_activities_choose(text, first):
    found = fitting(text, _near("arms-crossed", "sitting-upright", "corpse", "shovelling"), POSTURES, 3)
    assert found[0].entry == first
    assert len(found) == 3


def test_shares_stay_shares():
    found = fitting("he digs a hole", _near("arms-crossed", "shovelling"), POSTURES, 2)
    assert np.isclose(sum(one.share for one in found), 1)
    assert found[0].share >= 0.6


def test_postures_of_entries():
    found = postures_of(Atlas.load(), BodyModel.open())
    wanted = {"corpse": "lying", "lotus": "floor", "sitting-upright": "seat", "mountain": "standing",
              "yoga-handstand": "inverted", "hands-and-knees": "fours", "kneeling-upright": "kneeling"}  # fmt: skip
    assert {entry: found[entry] for entry in wanted} == wanted


def test_yoga_counts_less_in_everyday_scenes():
    found = less_of_exercise(_near("rabbit", "offering"), {"rabbit": "yoga"})
    assert [one.entry for one in found] == ["offering", "rabbit"]
    assert speaks_of_exercise("after the yoga class")
    assert not speaks_of_exercise("pulls a rabbit out of a hat")


def test_arms_of_one_and_legs_of_another(spotter):
    line = "the arms of the eagle with the legs of the tree"
    names = spotter.spot(line)
    legs = gives_legs(line, names)
    assert legs is not None
    assert legs.entry_id == "tree"
    assert [one.entry_id for one in names if lends_arms(line, one)] == ["eagle"]


def test_the_pose_that_somebody_known_is_in(spotter):
    line = "a yogi in crow pose"
    done = done_by(line, spotter.spot(line))
    assert done is not None
    assert done.entry_id == "crow"


def test_a_side_of_the_whole_pose_is_taken_out():
    text, sides = without_sides("waving with the left hand, right hand on the hip")
    assert "left" not in text
    assert "right hand on the hip" in text
    assert sides == "with the left hand"
    assert without_sides("with the left hand on the hip") == ("with the left hand on the hip", "")


def test_only_one_arm_leaves_the_other_hanging():
    plan = one_of_two(Plan("only the right arm is raised", (parse("right armpit angle: 60.."),)))
    assert "left arm: at the side" in map(str, plan.said)
    assert one_of_two(Plan("the right arm is raised", plan.said[:1])).said == plan.said[:1]


@pytest.mark.parametrize("text", ["winded after the sprint", "tired of walking", "he was out before jogging home"])
def test_what_was_done_before_is_no_name(spotter, text):
    assert all(one.strength == "doubtful" for one in spotter.spot(text))
