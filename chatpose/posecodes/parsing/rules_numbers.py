"""Numbers with units: angles of trunk, head and arms, distances and heights."""

import math
from collections.abc import Iterator

from chatpose.posecodes.grammar import measures_by_name
from chatpose.posecodes.parsing.said import OTHER, Said, around

_METRES = {"mm": 0.001, "cm": 0.01, "in": 0.0254, "ft": 0.3048, "m": 1.0}
_POINT = {
    "sole": "foot",
    "ankle": "foot",
    "heel": "foot",
    "toe": "foot",
    "fist": "hand",
    "wrist": "hand",
    "leg": "foot",
    "arm": "hand",
    "palm": "hand",
    "body": "torso",
    "chest": "torso",
    "chin": "head",
    "face": "head",
}
_ABOVE = {"above": "above", "front": "in front of", "below": "above", "behind": "in front of"}


def number_rules(said: Said) -> Iterator[str]:
    """Lines about lengths, and about angles that no joint has."""
    for number in said.clause.numbers:
        if number.value in _METRES:
            yield from _length(said, number.number * _METRES[number.value])
        elif number.value == "oclock":
            yield from _clock(said, number.number)
    degrees = said.degrees
    if degrees is not None and not said.has("right angle"):
        yield from _turn(said, degrees)


def _clock(said: Said, hour: float) -> Iterator[str]:
    """Clock positions: of an arm against the trunk, twelve being up; of the gaze against the chest, twelve ahead."""
    if said.part in ("arm", "hand", "elbow", "upper arm", "finger"):
        yield from said.each(around("{s} armpit angle", 180 - 30 * min(hour % 12, 12 - hour % 12)))
    elif said.part in ("head", "gaze", "face", "chin"):
        yield around("head turn left", -30 * (hour % 12) if hour % 12 <= 6 else 30 * (12 - hour % 12))


def exact_turn(said: Said) -> bool:
    """Whether a number says how far head, gaze or trunk go, so that no word has to."""
    return bool(
        said.degrees is not None and not said.has("right angle") and any(True for _ in _turn(said, said.degrees or 0))
    )


def _turn(said: Said, degrees: float) -> Iterator[str]:
    if said.part in ("head", "gaze", "neck", "chin", "face"):
        yield from _head_turn(said, degrees)
    elif said.part in ("torso", "back", ""):
        yield from _trunk_turn(said, degrees)
    elif said.part in _SLOPED and (tilt := _tilt(said, degrees)) is not None:
        yield from said.each(around(f"{{s}} {said.part} tilt", tilt))
    elif said.part == "leg" and said.both and said.has("apart", "wide", "letter v"):
        yield around("legs angle", degrees)
    elif said.part == "leg" and said.has("raised", "off floor") and not said.has("bent", "horizontal"):
        yield from said.each(around("{s} thigh tilt", 90 - degrees if said.both or said.level else 180 - degrees))
    elif said.part == "shoulder" and said.both and said.has("twisted", "turned"):
        yield from _trunk_turn(said, degrees)
    elif said.part == "shoulder" and said.has("abducted", "raised", "bent"):
        yield from said.each(around("{s} armpit angle", degrees))
    elif said.part in ("foot", "toe") and said.has("out"):
        yield from said.each(around("{s} foot turnout", degrees))


_SLOPED = ("thigh", "shin", "upper arm", "forearm")


def _tilt(said: Said, degrees: float) -> float | None:
    """Angle of a segment from straight up, where it is said against the horizontal or the vertical."""
    for relation, other, _ in said.relations:
        if not other and said.has("horizontal") and relation in ("above", "below", "under", "over"):
            return 90 - degrees if relation in ("above", "over") else 90 + degrees
    if said.has("vertical") and said.to(("",), "from", "off"):
        return degrees if said.has("raised", "sky") else 180 - degrees
    return None


def _to_left(said: Said, degrees: float) -> float | None:
    """Degrees with their sign, left positive; None where no side is said."""
    return degrees if said.has("dir left") else -degrees if said.has("dir right") else None


def _head_turn(said: Said, degrees: float) -> Iterator[str]:
    aside = _to_left(said, degrees)
    towards = next((side for part, side in said.related("to", "towards") if part == "shoulder"), "")
    if aside is None and towards in ("left", "right"):
        aside = degrees if towards == "left" else -degrees
    tilted = said.has("tilted", "lean", "bent") and not said.has("turned")
    if said.part in ("gaze", "face") and said.has("raised", "down") and aside is not None:
        yield around("gaze elevation", -degrees if said.has("down") else degrees)
        yield f"head: turned to the {'left' if said.has('dir left') else 'right'}"
    elif aside is not None:
        yield around("head tilt left" if tilted else "head turn left", aside)
    elif said.part in ("gaze", "face") and said.has("raised", "down", "sky"):
        yield around("gaze elevation", -degrees if said.has("down") else degrees)
    elif said.has("bow", "down", "forward", "bent"):
        yield around("head nod", degrees)
    elif said.has("backward", "raised"):
        yield around("head nod", -degrees)


def _trunk_turn(said: Said, degrees: float) -> Iterator[str]:
    aside = _to_left(said, degrees)
    if aside is not None and said.has("twisted", "turned"):
        yield around("shoulder twist left", aside)
    elif said.has("forward", "bow", "flexed"):
        yield around("torso pitch", degrees)
    elif said.has("backward"):
        yield around("torso pitch", -degrees)
    elif aside is not None and said.has("lean", "bent", "tilted"):
        yield around("torso lean left", aside)
    elif said.has("lean", "tilted") and said.has("vertical"):
        yield around("torso tilt", degrees)
    elif said.part and said.has("to floor"):
        yield around("torso tilt", 90 - degrees)


def _length(said: Said, metres: float) -> Iterator[str]:
    part = _POINT.get(said.part, said.part)
    least = said.has("at least")
    slack = 0.1 if metres >= 0.3 else 0.05
    most = said.has("at most") and not least
    ends = (metres, math.inf) if least else (-math.inf, metres) if most else (metres - slack, metres + slack)
    if said.both and (said.has("apart", "wide") or any(said.related("between", "from"))):
        yield _line(f"left {part} to right {part} distance", *ends)
        return
    objects = [(relation, _POINT.get(other, other), side) for relation, other, side in said.relations if other]
    for own in said.sides or ("",):
        name = f"{own} {part}".strip()
        if said.has("off floor", "floor", "raised", "sky") and not objects:
            yield _line(f"{own} heel height" if said.part == "heel" else f"{name} height", *ends)
        for relation, other, side in objects:
            if other == part and not side.strip("{s}"):
                side = "{o}"
            whole = f"{side.format(s=own, o=OTHER.get(own, ''))} {other}".strip()
            if relation in _ABOVE:
                low, high = ends if relation in ("above", "front") else (-ends[1], -ends[0])
                line = _known(f"{name} {_ABOVE[relation]} {whole}", low, high, f"{whole} {_ABOVE[relation]} {name}")
                if relation == "front" and line.partition(":")[0] not in measures_by_name():
                    line = _known(f"{name} to {whole} distance", *ends, f"{whole} to {name} distance", turned=1)
                yield line
            elif relation in ("from", "off", "at", "to"):
                yield _known(f"{name} to {whole} distance", *ends, f"{whole} to {name} distance", turned=1)


def near_floor(said: Said) -> Iterator[str]:
    """Just above the floor."""
    part = _POINT.get(said.part, said.part)
    for own in said.sides or ("",):
        name = f"{own} {part} height".strip()
        if name in measures_by_name():
            yield f"{name}: ..{NEAR_FLOOR_M}"


NEAR_FLOOR_M = 0.25
"""Height up to which a part is near the floor, metres."""


def _known(name: str, low: float, high: float, other: str, turned: int = -1) -> str:
    """The line about a measure, or about the same taken the other way round."""
    if name in measures_by_name():
        return _line(name, low, high)
    return _line(other, *((low, high) if turned > 0 else (-high, -low)))


def _line(name: str, low: float, high: float) -> str:
    ends = ("" if math.isinf(end) else f"{end:.2f}".rstrip("0").rstrip(".") for end in (low, high))
    return f"{name}: {'..'.join(ends)}"
