"""Trunk, back, chest, pelvis and shoulders; the person as a whole."""

from collections.abc import Iterator

from chatpose.posecodes.parsing.rules_numbers import exact_turn
from chatpose.posecodes.parsing.said import Said, first_of


def trunk_rules(said: Said) -> Iterator[str]:
    """Lines about the trunk, or about the person where no part is named."""
    if exact_turn(said):
        return  # said in numbers
    if said.part in ("", "pelvis") and said.to(("shoulder",), "above"):
        yield "hips above shoulders: 0.05.."
        return
    rules = {
        "back": _back,
        "chest": _chest,
        "belly": _chest,
        "pelvis": _pelvis,
        "shoulder": _shoulder,
        "torso": _whole,
        "": _whole,
    }
    if said.part in rules:
        yield from rules[said.part](said)


def _whole(said: Said) -> Iterator[str]:
    """The trunk or the person."""
    person = not said.part
    side = side_of(said)
    slightly = "slightly " if said.has("slightly") else ""
    bends = said.has("bent", "tilted", "bow", "folded") and (
        not person or said.has("forward") or (said.has("bent") and said.to(("hip", "pelvis", "belly"), "at", "from"))
        or (bool(side) and said.has("tilted")))  # fmt: skip
    if said.has("rounded") and (said.has("forward") or said.to(("",), "over")):
        yield "torso pitch: 20.."
    if said.has("twisted") or (said.has("turned") and side and not person):
        if not (side or said.clause.negated):
            yield "?torso: twisted to the left"
        yield from denied_both_ways(said, "torso: twisted")
        yield from first_of(said, (bool(side), f"torso: twisted {slightly}to the {side}"))
    elif said.has("lean") or bends:
        yield from _leaning(said, side, slightly)
    else:
        yield from first_of(
            said,
            (person and said.has("wide"), "left foot to right foot distance: 0.4.."),
            (person and said.has("tiptoe"), ("left foot: on tiptoe", "right foot: on tiptoe")),
            (person and said.has("bow"), "torso: leaning slightly forward" if slightly else "bending forward"),
            (person and said.has("bent") and bool(side), f"bending to the {side}"),
            (person and said.has("rounded"), "back: rounded"),
            (person and said.has("inward"), ("left foot: turned in", "right foot: turned in")),
            (person and said.has("arched"), "arching backward" if said.has("backward") else "back: arched"),
            (not person and said.features == {"forward"} and not said.relations, "torso pitch: 20.."),
            (not person and said.has("in line"), ("left hip: straight", "right hip: straight")),
            (not person and said.has("vertical", "straight"), "torso: vertical"),
            (not person and said.has("horizontal"), "torso: horizontal"),
        )


def denied_both_ways(said: Said, what: str) -> Iterator[str]:
    """Neither to the left nor to the right, where no side is said: "don't twist"."""
    if said.clause.negated and not side_of(said):
        for amount in ("", "slightly "):
            for side in ("left", "right"):
                yield f"!not: {what} {amount}to the {side}"


def _leaning(said: Said, side: str, slightly: str) -> Iterator[str]:
    far = said.has("strongly", "far", "fully")
    forward = said.has("forward", "bow") and not said.has("backward")
    if said.clause.negated and said.has("forward") and said.has("backward"):
        yield "!torso pitch: -20..20"  # "neither leaning forward nor back"
        return
    yield from first_of(
        said,
        (forward and bool(slightly), "torso: leaning slightly forward"),
        (forward and far, "torso: leaning forward"),
        (forward and said.has("bent", "bow") and not said.part, "bending forward"),
        (forward, "torso pitch: 20.."),
        (said.has("backward") and bool(slightly), "torso: leaning slightly backward"),
        (said.has("backward") and far, "torso: leaning backward"),
        (said.has("backward"), "torso pitch: ..-20"),
        (said.has("bent") and not side, "torso pitch: 20.."),
        (bool(side), f"torso: leaning {slightly}to the {side}"),
    )
    if said.part and said.has("horizontal"):
        yield "torso: horizontal"
    if not (forward or said.has("backward")):
        yield from denied_both_ways(said, "torso: leaning")


def side_of(said: Said) -> str:
    """The direction that is said."""
    return "left" if said.has("dir left") else "right" if said.has("dir right") else ""


def _chest(said: Said) -> Iterator[str]:
    side = side_of(said)
    yield from first_of(
        said,
        (bool(side) and said.has("turned", "twisted"), f"torso: twisted to the {side}"),
        (
            said.to(("thigh",), "on", "touch", "rest", "against"),
            ("left thigh: touching chest", "right thigh: touching chest"),
        ),
        (said.has("sky") or (said.has("turned") and said.has("raised")), "chest: facing up"),
        (said.has("down", "to floor"), "chest: facing down"),
    )


def _pelvis(said: Said) -> Iterator[str]:
    yield from first_of(
        said,
        (said.has("floor"), "pelvis: on ground"),
        (said.has("off floor", "raised", "sky"), "not: pelvis: on ground"),
    )


def _back(said: Said) -> Iterator[str]:
    yield from first_of(
        said,
        (said.has("arched"), "back: arched"),
        (said.has("rounded", "bent"), "back: rounded"),
        (said.has("straight", "horizontal"), "not: back: rounded"),
        (said.has("vertical"), "torso: vertical"),
    )


def _shoulder(said: Said) -> Iterator[str]:
    side = side_of(said)
    single = len(said.sides) == 1
    slightly = "slightly " if said.has("slightly") else ""
    yield from first_of(
        said,
        (said.has("rounded"), "back: rounded"),
        (said.has("floor", "to floor"), "{s} shoulder: on ground"),
        (said.both and said.has("horizontal", "same height"), "left shoulder above right shoulder: -0.1..0.1"),
        (said.both and bool(side) and said.has("turned", "twisted"), f"torso: twisted {slightly}to the {side}"),
        (said.has("raised") and single, "{s} shoulder: above {o} shoulder"),
        (said.has("down") and single and not said.has("limp"), "{o} shoulder: above {s} shoulder"),
        (said.has("forward") and single, "{s} shoulder: in front of {o} shoulder"),
    )
