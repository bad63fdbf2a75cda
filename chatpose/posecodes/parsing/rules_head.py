"""Head, face, chin and gaze."""

from collections.abc import Iterator

from chatpose.posecodes.parsing.rules_numbers import exact_turn
from chatpose.posecodes.parsing.rules_trunk import denied_both_ways, side_of
from chatpose.posecodes.parsing.said import Said, first_of


def head_rules(said: Said) -> Iterator[str]:
    """Lines about head, face, chin, neck and gaze."""
    if exact_turn(said):
        return  # said in numbers
    ear = "left" if said.has("ear left") else "right" if said.has("ear right") else ""
    if ear and (said.to(("shoulder",), "to", "towards", "on", "at", "touch") or said.has("down", "lean", "tilted")):
        yield f"head: tilted to the {ear}"
    elif said.part in ("head", "face", "chin") and said.to(
        ("knee", "shin", "leg"), "on", "to", "touch", "between", "at"
    ):
        yield "head: bowed"
    elif said.part in ("head", "neck", "face") and said.to(("hip", "pelvis", "knee"), "below"):
        yield "torso: head downward"
    elif said.part == "head" and said.to(("arm", "upper arm", "elbow"), "between"):
        yield "arms: raised overhead"
    else:
        yield from _sideways(said)
        yield from {"chin": _chin, "gaze": _gaze, "face": _face}.get(said.part, _head)(said)


def _sideways(said: Said) -> Iterator[str]:
    """Turned, tilted, over a shoulder."""
    side = side_of(said)
    slightly = "slightly " if said.has("slightly") else ""
    over = next((where for part, where in said.related("above") if part == "shoulder"), "")
    over = over or next((where for part, where in said.related("over") if part == "shoulder"), "")
    over = "left" if said.has("over shoulder left") else "right" if said.has("over shoulder right") else over
    towards = next((where for part, where in said.related(*_TOWARDS) if part == "shoulder"), "")
    turned = said.has("turned") or (said.part == "chin" and not said.has("tilted", "lean"))
    tilted = said.has("tilted", "lean") or (bool(towards) and not turned)
    if said.clause.negated and said.part == "head" and said.has("turned"):
        yield from denied_both_ways(said, "head: turned")
    if said.clause.negated and said.has("tilted") and not (side or said.has("backward", "forward")):
        yield "!not: head: tilted to the left"
        yield "!not: head: tilted to the right"
    way = side or (towards if towards in ("left", "right") else "")
    yield from first_of(
        said,
        (bool(over) and said.part != "neck", f"gaze: over the {'right' if over == 'right' else 'left'} shoulder"),
        (
            bool(way)
            and said.has("turned")
            and said.has("tilted")
            and said.has("down", "raised", "forward", "backward"),
            f"head: turned {slightly}to the {way}",
        ),
        (tilted and bool(way), f"head: tilted to the {way}"),
        (tilted and said.has("backward"), "head: tipped back"),
        (tilted and said.has("forward", "down"), "head: bowed"),
        (bool(way) and not tilted, f"head: turned {slightly}to the {way}"),
        (tilted and not said.clause.negated and said.has("side"), "?head: tilted to the left"),
        (said.part == "gaze" and _back(said) and not said.clause.negated, "?gaze: over the left shoulder"),
    )


_TOWARDS = ("to", "towards", "on", "rest", "touch", "at")


def _back(said: Said) -> bool:
    return said.has("backward") or said.to(("",), "behind")


def _chin(said: Said) -> Iterator[str]:
    low = said.has("down", "in", "floor", "to floor") or said.to(("chest",), "to", "towards", "on", "touch", "at")
    yield from first_of(
        said,
        (said.has("raised", "high"), "head nod: ..-5"),
        (low, "head: bowed"),
        (said.has("horizontal"), "gaze: level"),
    )


def _face(said: Said) -> Iterator[str]:
    if said.has("floor") and not said.has("turned"):
        yield "head: on ground"
    else:
        yield from _gaze(said)


def _gaze(said: Said) -> Iterator[str]:
    if said.part == "face" and said.has("tilted", "bow") and _back(said):
        return  # said already
    low = said.has("down", "floor", "to floor") or said.to(("foot", "toe"), "to", "towards", "at", "on")
    yield from first_of(
        said,
        (said.has("raised", "sky", "high"), "gaze: up"),
        (low, "gaze: down"),
        (said.has("horizontal"), "gaze: level"),
        (said.has("forward", "straight"), "head: straight ahead"),
    )


def _head(said: Said) -> Iterator[str]:
    side = side_of(said)
    bent = said.has("bent") and (said.part != "neck" or said.has("forward"))
    low = said.has("bow", "tucked") or bent or said.has("down", "to floor")
    low = low and not (said.has("tilted") or _back(said))
    yield from first_of(
        said,
        (low, "head: bowed"),
        (_back(said) and not said.has("tilted"), "head: tipped back"),
        (said.has("floor"), "head: on ground"),
        (said.has("sky") or (said.has("turned") and said.has("raised")), "gaze: up"),
        (said.has("forward", "straight") and not (side or said.has("lean", "tilted")), "head: straight ahead"),
        (said.has("raised", "high", "vertical", "horizontal") and not side, "not: head: bowed"),
    )
