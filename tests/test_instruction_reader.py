"""Reading instructions: what is to change, how much, of which side; follow-ups; what isn't understood."""

import pytest

from chatpose.body.angles import angles_to_pose
from chatpose.body.model import BodyModel
from chatpose.body.pose import Pose
from chatpose.errors import ChatposeError
from chatpose.posecodes.instructions.clauses import read_clause
from chatpose.posecodes.instructions.plan import EditPlan
from chatpose.posecodes.instructions.reader import InstructionReader
from chatpose.posecodes.instructions.text import even, read_amount
from chatpose.posecodes.posecode import exchange_sides

LIMBS = {"shoulder_abduction": 9, "elbow_flexion": 12, "hip_abduction": 2}
STANDING = angles_to_pose({f"{side}_{name}": value for side in ("left", "right") for name, value in LIMBS.items()})


class _Last:
    """An edit that was read but not made."""

    def __init__(self, plan: EditPlan) -> None:
        self.plan, self.before, self.pose = plan, STANDING, STANDING


@pytest.fixture(scope="module")
def reader() -> InstructionReader:
    return InstructionReader(BodyModel.open())


def _told(plan: EditPlan) -> list[str]:
    rows = []
    for change in plan.changes:
        amount = change.amount
        number = f" {'to' if amount.absolute else 'by'} {amount.value:g}{amount.unit}" if amount.exact else ""
        size = f" ({amount.size})" if amount.size != "plain" else ""
        held = "; ".join([*map(str, change.statements), *map(str, change.goals)])
        words = (change.part, change.way, f"→ {change.toward}" if change.toward else "", f"[{held}]" if held else "")
        rows.append(" ".join(word for word in words if word) + number + size)
    return rows


READ = [
    ("Raise the right arm.", ["right arm up"]),
    ("please lift her left arm a little bit", ["left arm up (little)"]),
    ("Lower both arms a lot", ["left arm down (lot)", "right arm down (lot)"]),
    ("left knee to 90 degrees", ["left knee bend to 90°"]),
    ("left knee at a right angle", ["left knee bend to 90°"]),
    ("bend the right elbow by thirty degrees", ["right elbow bend by 30°"]),
    ("bend the right elbow twenty-five degrees more", ["right elbow bend by 25°"]),
    ("both elbows at 135°", ["left elbow bend to 135°", "right elbow bend to 135°"]),
    ("right elbow less bent", ["right elbow straighten (little)", "right elbow straighten"]),
    ("straighten your legs", ["left knee straighten", "right knee straighten"]),
    ("turn the head left a bit", ["head turn left (little)"]),
    ("look over your right shoulder", ["head turn right to 65°"]),
    ("chin up", ["head nod up"]),
    ("tilt the head towards the left shoulder", ["head tilt left"]),
    ("lean back ten degrees", ["torso lean back by 10°"]),
    ("twist the upper body to the right", ["torso turn right"]),
    ("turn around", ["body turn left by 180°"]),
    ("arch your back", ["back arch"]),
    ("stand on tiptoe", ["left foot tiptoe", "right foot tiptoe"]),
    ("squat a bit lower", ["pelvis crouch (little)"]),
    ("move the left foot 20 cm forward", ["left foot forward by 0.2m"]),
    ("move the right hand up by a hand's width", ["right hand up by 0.1m"]),
    ("feet further apart", ["feet apart"]),
    ("take the feet half a metre apart", ["feet apart by 0.5m"]),
    ("left arm out to the side", ["left arm up → out level"]),
    ("stretch both arms forward", ["left arm up → forward level straight", "right arm up → forward level straight"]),
    ("raise the left arm and the right knee", ["left arm up", "right knee up"]),
    ("raise the left arm and bend it", ["left arm up", "left elbow bend"]),
    ("raise the left arm and lower the right one", ["left arm up", "right arm down"]),
    ("bend the left elbow and knee", ["left elbow bend", "left knee bend"]),
    ("arms up, then look down", ["left arm up", "right arm up", "head nod down"]),
    ("look down and to the left", ["head turn left", "head nod down"]),
    ("put the right foot on the left knee", ["right foot hold [right foot on left knee]"]),
    ("touch the left knee with the right hand", ["right hand hold [right hand on left knee]"]),
    ("mirror it", ["body mirror"]),
    ("swap the arms", ["arms swap"]),
    ("make the right arm like the left", ["right arm copy → left arm"]),
    ("copy the left leg to the right", ["right leg copy → left leg"]),
    ("relax the arms", ["left arm relax", "right arm relax"]),
    ("reset the legs", ["left leg reset", "right leg reset"]),
    ("kneel down", ["body hold [kneeling; left knee: on ground; right knee: on ground]"]),
    ("cross your arms", ["arms hold [arms: crossed]"]),
    ("not so high with the left arm", ["left arm down"]),
]


@pytest.mark.parametrize(("text", "wanted"), READ, ids=[text for text, _ in READ])
def test_reads(reader: InstructionReader, text: str, wanted: list[str]) -> None:
    found = _told(reader.read(text, STANDING))
    # "less bent" may be read with or without an amount.
    assert found == wanted or (len(wanted) == 2 and found in ([wanted[0]], [wanted[1]])), found


@pytest.mark.parametrize(
    "text",
    ["Raise the left arm a bit.", "left knee to 90 degrees", "put the right foot on the left knee", "turn left",
     "lean to the right by 10 degrees", "left hand on the right shoulder", "look over the left shoulder"],
)  # fmt: skip
def test_mirrored_words_give_mirrored_plans(reader: InstructionReader, text: str) -> None:
    plan = reader.read(text, STANDING)
    turned = reader.read(exchange_sides(text), STANDING.mirror())
    assert _told(turned) == [exchange_sides(line) for line in _told(plan)]


FOLLOWED = [
    ("raise the right arm", "the other arm too", ["left arm up"], False),
    ("raise the right arm", "same with the left", ["left arm up"], False),
    ("raise the right arm a bit", "even more", ["right arm up (little)"], False),
    ("raise the right arm", "a bit less", ["right arm down (little)"], False),
    ("raise the right arm", "now lower it", ["right arm down"], False),
    ("raise the right arm", "back down", ["right arm restore"], False),
    ("raise the right arm", "no, the left one", ["left arm up"], True),
    ("raise the right arm", "wrong arm", ["left arm up"], True),
    ("raise the right arm", "the other one instead", ["left arm up"], True),
    ("raise the right arm", "undo that", ["body undo"], False),
    ("raise both arms", "lower the left one", ["left arm down"], False),
    ("bend the left knee to 90 degrees", "and straighten it again", ["left knee restore"], False),
    ("bend the right elbow by 30 degrees", "another 20 degrees", ["right elbow bend by 20°"], False),
    ("turn the head left", "now to the right", ["head turn right"], False),
    ("put the left hand on the hip", "same with the right",
     ["right hand hold [right hand: on hip; right hand on right hip]"], False),
    ("bend the left elbow", "that's too much, half of that", ["left elbow halfway"], False),
]  # fmt: skip


@pytest.mark.parametrize(("first", "then", "wanted", "undoes"), FOLLOWED, ids=[row[1] for row in FOLLOWED])
def test_follow_ups(reader: InstructionReader, first: str, then: str, wanted: list[str], undoes: bool) -> None:
    plan = reader.read(then, STANDING, last=_Last(reader.read(first, STANDING)))
    assert _told(plan) == wanted
    assert plan.undo_last is undoes


def test_what_is_to_stay(reader: InstructionReader) -> None:
    plan = reader.read("bend forward without bending the knees", STANDING)
    assert plan.kept == ("left knee only", "right knee only")
    plan = reader.read("raise the left arm, don't move the head", STANDING)
    assert plan.kept == ("head",)
    assert _told(plan) == ["left arm up"]


def test_sides_that_are_left_open_are_chosen_and_said(reader: InstructionReader) -> None:
    low = angles_to_pose({"left_shoulder_abduction": 80.0}, STANDING)
    plan = reader.read("raise an arm", low)
    assert _told(plan) == ["right arm up"]
    assert any("right" in note for note in plan.notes)
    assert _told(reader.read("lower an arm", low)) == ["left arm down"]


def test_the_pose_tells_which_leg_is_in_front(reader: InstructionReader) -> None:
    stride = angles_to_pose({"left_hip_flexion": 30.0, "right_hip_flexion": -20.0}, STANDING)
    assert _told(reader.read("bend the front knee", stride)) == ["left knee bend"]
    assert _told(reader.read("raise the back heel", stride)) == ["right foot tiptoe"]


def test_contradictions_are_named(reader: InstructionReader) -> None:
    assert reader.read("both arms up and both arms down", STANDING).contradictions


def test_impossible_anatomy_is_said(reader: InstructionReader) -> None:
    assert any("two" in note for note in reader.read("raise the third arm", STANDING).notes)


@pytest.mark.parametrize("text", ["", "   ", "!!!", "🙂🙂", "a" * 5000])
def test_no_words_or_too_many(reader: InstructionReader, text: str) -> None:
    with pytest.raises(ChatposeError):
        reader.read(text, STANDING)


@pytest.mark.parametrize("text", ["colourless green ideas", "levanta el brazo", "抬起左臂", "'; DROP TABLE poses; --"])
def test_what_is_no_instruction_has_no_changes(reader: InstructionReader, text: str) -> None:
    plan = reader.read(text, STANDING)
    assert not plan.changes
    assert plan.unread


@pytest.mark.parametrize(
    ("text", "value", "unit", "absolute"),
    [("to ninety degrees", 90, "°", True), ("by 15°", 15, "°", False), ("20 cm", 0.2, "m", False),
     ("two inches up", 0.0508, "m", False), ("one hundred and twenty degrees more", 120, "°", False),
     ("at a right angle", 90, "°", True), ("a quarter turn", 90, "°", False)],
)  # fmt: skip
def test_amounts(text: str, value: float, unit: str, absolute: bool) -> None:
    amount, _ = read_amount(even(text))
    assert amount.value == pytest.approx(value)
    assert (amount.unit, amount.absolute) == (unit, absolute)


def test_one_arm_is_no_number() -> None:
    assert not read_clause(even("raise one arm")).amount.exact


def test_reader_keeps_the_pose(reader: InstructionReader) -> None:
    before = STANDING.body_pose.clone()
    reader.read("raise the left arm", STANDING)
    assert Pose.from_rotations(STANDING.local_rotations).body_pose.equal(before)
