"""Hands, wrists and elbows."""

from collections.abc import Iterator

from chatpose.posecodes.grammar import measures_by_name
from chatpose.posecodes.parsing.rules_legs import pair_distance
from chatpose.posecodes.parsing.rules_relations import LEVEL_M, beside, known
from chatpose.posecodes.parsing.said import FRONT_PARTS, OTHER, Said, first_of
from chatpose.posecodes.parsing.terms import terms

_OF_THE_OTHER = ("wrist", "forearm", "elbow", "upper arm", "thumb")  # a hand can't touch its own
_HEIGHTS = ("above", "below", "level")
_HEAD = ("head", "face", "chin", "gaze", "neck")
_LEVELS = {
    "shoulder height": f"{{s}} hand above {{s}} shoulder: -{LEVEL_M}..{LEVEL_M}",
    "hip height": f"{{s}} hand above {{s}} hip: -{LEVEL_M}..{LEVEL_M}",
    "waist height": "{s} hand above {s} hip: 0..0.25",
    "chest height": "{s} hand above {s} shoulder: -0.3..0",
    "chin height": "{s} hand above head: -0.25..0",
    "head height": "{s} hand above head: -0.15..0.15",
    "knee height": f"{{s}} hand above {{s}} knee: -{LEVEL_M}..{LEVEL_M}",
    "thigh height": "{s} hand above {s} hip: -0.3..0",
}
"""Where hands are at the height of what has no joint of its own: waist above hips, chest below shoulders."""
_WRIST_BENDS = ("bent", "straight", "tilted", "folded", "pulled", "stretched", "arched")
_REACHING = frozenset({"stretched", "out", "straight", "raised", "fully"})
_NAMES = {
    "chin": "head",
    "face": "head",
    "gaze": "head",
    "toe": "foot",
    "heel": "foot",
    "sole": "foot",
    "wrist": "forearm",
    "arm": "forearm",
    "finger": "hand",
    "palm": "hand",
    "thumb": "hand",
}


def hand_rules(said: Said) -> Iterator[str]:
    """Lines about hands, wrists and elbows."""
    if said.part == "elbow":
        yield from elbow_rules(said)
        return
    if said.has("rear pockets"):
        yield from said.each("{s} hand: touching pelvis")
        return
    if said.has("pockets"):
        yield from said.each("{s} hand: near {s} hip")
        return
    if said.part in ("finger", "thumb"):
        yield from _fingers(said)
        return
    if said.part == "wrist" and said.has("bent") and said.clause.negated:
        yield from said.each("!not: {s} wrist: bent inward", "!not: {s} wrist: bent back")
        return
    if said.part == "wrist" and said.has(*_WRIST_BENDS) and not said.relations:
        back = said.has("backward", "straight", "raised", "stretched", "arched")
        yield from said.each("{s} wrist: bent back" if back else "{s} wrist: bent inward")
        return
    if said.part == "hand" and said.has("turned") and said.has("raised", "down", "sky", "to floor"):
        yield from said.each(f"{{s}} palm: facing {'up' if said.has('raised', 'sky') else 'down'}")
        return
    yield from _pair(said)
    yield from _place(said)
    yield from hand_relations(said)


def _fingers(said: Said) -> Iterator[str]:
    """Fingers tell where the hand is by what they touch; which way they point tells nothing of it."""
    if said.has("clasped") or (said.both and said.has("together")):
        yield "hands: touching each other"
    if said.has("floor", "to floor") and not said.has("pointed", "pointing"):
        yield from said.each("{s} hand: on ground")
    if said.has("backward") and said.has("clasped"):
        yield from said.each("{s} hand: behind torso")
    elif said.has("sky") and said.has("clasped"):
        yield from said.each("{s} hand: above head")
        yield "arms: raised overhead"
    yield from hand_relations(said)


def _pair(said: Said) -> Iterator[str]:
    if not said.both:
        return
    if said.has("apart") and any(one.value in ("finger", "thumb") for one in said.clause.subjects):
        return  # "both hands, fingers spread"
    if said.has("bound"):
        yield "hands: close together"
    elif said.has("clasped", "folded"):
        yield "hands: touching each other"
    elif said.has("crossed"):
        yield "left hand: to the right of right hand"
    elif said.has("together"):
        yield "hands: touching each other"
        if said.part == "hand":
            yield "hands: close together"
    else:
        yield from pair_distance(said)


def _behind(said: Said) -> bool:
    return said.has("backward") or said.to((*FRONT_PARTS, ""), "behind")


def _place(said: Said) -> Iterator[str]:
    """Where the hands are, by features."""
    floor = said.has("floor") or (said.has("to floor") and not said.has("pointed", "pointing"))
    yield from first_of(said, (floor, "{s} hand: on ground"), (said.has("off floor"), "not: {s} hand: on ground"))
    if _behind(said):
        yield from said.each("{s} hand: behind torso")
        held = said.related("touch", "on")
        if not said.both and any(part in ("wrist", "hand", "forearm") and side != said.sides[0] for part, side in held):
            yield from said.each("{o} hand: behind torso")
        return
    high = said.has("raised", "high", "above shoulder height", "head height") and not said.relations
    level = next((line for height, line in _LEVELS.items() if said.has(height)), "")
    if level and said.part in ("hand", "wrist", "palm", "finger", "thumb") and not said.has("side"):
        yield from said.each(level)
    high = high and not level and not (said.part == "palm" and said.has("raised"))
    down = said.has("down") and not said.has("limp") and not said.relations and not level
    if (
        said.has("hang")
        and not any(part for _, part, _ in said.relations)
        and not (said.has("side") or "bending forward" in said.postures)
    ):
        yield from said.each("{s} arm: at the side")
        return
    own, across = (f"dir {said.sides[0]}", f"dir {OTHER[said.sides[0]]}") if len(said.sides) == 1 else ("", "")
    at_side = "{s} arm: at the side" if said.has("at side") or said.both else "{s} hand: below {s} hip"
    aside = said.has("side") or (said.has("wide", own) and not said.both)
    front = said.has("forward", "held out") or (said.has("stretched", "out") and said.features <= _REACHING)
    yield from first_of(
        said,
        (said.has("sky", "above head height") and said.both, ("{s} hand: above head", "arms: raised overhead")),
        (said.has("sky", "above head height"), "{s} hand: above head"),
        (front or said.to(FRONT_PARTS, "front"), "{s} hand: in front of torso"),
        (aside and said.has("down", "apart"), ()),
        (said.has(across) and not said.relations, "{s} hand: to the {o} of {s} shoulder"),
        (aside, "{s} hand: far to the {s} of {s} shoulder"),
        (high, "{s} hand: above {s} shoulder"),
        (said.has("below shoulder height"), "{s} hand: below {s} shoulder"),
        (down, at_side),
        (said.has("cross body"), "{s} hand: to the {o} of {s} shoulder"),
    )


def hand_relations(said: Said) -> Iterator[str]:
    """Lines about where the hands are in relation to other parts."""
    if said.both and said.to(("head",), "above"):
        yield "arms: raised overhead"
    named: set[str] = set()
    if len(said.sides) == 1 and said.has(f"over shoulder {OTHER[said.sides[0]]}"):
        yield from said.each("{s} hand: near {o} shoulder")
    for relation, part, side in said.relations:
        if relation == "of" and part in named:
            continue  # "the nape of the neck"
        if relation == "of" and part in FRONT_PARTS and said.has("forward", "backward"):
            continue  # "straight out ahead of the chest"
        named.add(part)
        if not part or (said.part == "arm" and (relation == "between" or (part == "hip" and relation == "around"))):
            continue
        if said.part == "arm" == part and relation in _HEIGHTS:
            continue  # compared hand with hand
        for own in said.sides:
            crossing = part in ("hand", "finger", "palm") or (part in _OF_THE_OTHER and relation not in _HEIGHTS)
            where = "{o}" if crossing and side == "{s}" else side
            name = f"{where.format(s=own, o=OTHER[own])} {_NAMES.get(part, part)}".strip()
            yield from filter(None, (_line(relation, own, part, name, said),))


def _line(relation: str, own: str, part: str, name: str, said: Said) -> str:
    hand = f"{own} hand"
    if relation == "over":
        if part == "shoulder" and said.both:
            return f"{hand}: above {name}"
        over = part not in ("head", "foot", "knee", "hip", "hand")
        return _contact("on", own, part, name) if over else _vertical("above", hand, part, name, said)
    if relation == "under" and part not in _CARRIED:
        relation = "below"
    if relation in ("above", "below"):
        return _vertical(relation, hand, part, name, said)
    if relation in ("behind", "front", "beyond"):
        return _sagittal(relation, hand, part, name)
    if relation == "level":
        measure = f"{hand} above {name}"
        return f"{measure}: -{LEVEL_M}..{LEVEL_M}" if measure in measures_by_name() else ""
    if relation in ("left of", "right of"):
        return known(f"{hand}: to the {relation} {name}")
    return _contact("at" if relation == "by" else relation, own, part, name)


def _vertical(relation: str, hand: str, part: str, name: str, said: Said) -> str:
    return known(f"{hand}: {relation} {name}") or _height(hand, relation, name)


def _sagittal(relation: str, hand: str, part: str, name: str) -> str:
    if relation == "beyond":
        return f"{hand}: beyond head" if part in _HEAD else known(f"{hand}: above {name}")
    if part in _HEAD:
        return f"{hand}: near neck" if part == "neck" and relation == "behind" else f"{hand}: near head"
    if relation == "behind":
        held = (f"{hand}: touching {name}",) if part in ("thigh", "shin") else ()  # "clasped behind the thigh"
        return known(f"{hand}: behind {name}", *held)
    if part == "shoulder" and name.startswith(hand.partition(" ")[0]):
        return f"{hand}: in front of torso"
    return "" if part in FRONT_PARTS else known(f"{hand}: in front of {name}")  # the trunk is said by the place


def _contact(relation: str, own: str, part: str, name: str) -> str:
    hand = f"{own} hand"
    if relation == "under" and part in ("chin", "head", "face", "gaze"):
        return f"{hand}: near neck" if part == "chin" else f"{hand}: near head"
    if part == "leg":
        around = relation in ("around", "touch", "on", "hug", "hold") and f"{hand} to {name[:-3]}knee distance"
        return f"{around}: ..0.4" if around in measures_by_name() else ""
    if relation == "off":
        line = known(f"{hand}: touching {name}", f"{hand}: near {name}")
        return f"not: {line}" if line else ""
    if part == "hip":
        own_hip = name.startswith(own)
        if relation in ("on", "touch", "around", "to", "of", "rest"):
            return f"{hand}: on hip" if own_hip else f"{hand}: near {name}"
        return f"{hand}: near {name}" if relation == "at" else ""
    if part in ("hand", "palm", "finger") and relation in ("on", "touch", "to", "rest"):
        return "hands: touching each other"
    along = relation == "along" and part in ("thigh", "shin")
    if along or relation in ("on", "touch", "around", "hug", "rest"):
        return known(f"{hand}: touching {name}", f"{hand}: near {name}")
    if relation in ("at", "under") or (relation in ("inside", "outside") and part not in ("shoulder", "elbow")):
        return known(f"{hand}: near {name}", *_reached(relation, hand, name)) or beside(hand, name)
    if relation in ("of", "to", "reach", "between", "across"):
        return known(f"{hand}: near {name}", f"{hand}: touching {name}")
    return ""


_CARRIED = (
    *_HEAD,
    "elbow",
    "forearm",
    "upper arm",
    "thigh",
    "foot",
    "heel",
    "sole",
    "knee",
    "pelvis",
    "shoulder",
    "back",
)
"""Parts that hands are laid under, so that they are at them."""


def _reached(relation: str, hand: str, name: str) -> tuple[str, ...]:
    """Lines that are tried where no statement has the distance: what lies on a hand touches it."""
    return (f"{hand}: touching {name}",) if relation == "under" else ()


def _height(hand: str, relation: str, name: str) -> str:
    """For parts that no statement compares, the measure: clear of each other's height."""
    measure = f"{hand} above {name}"
    if measure not in measures_by_name():
        return ""
    return f"{measure}: {'0.05..' if relation == 'above' else '..-0.05'}"


_HELD = ("on", "rest", "of", "touch", "between", "by")


def held_by_hands(said: Said) -> Iterator[str]:
    """Hands are where the subject is: "chin in the left hand", "the foot held by the right hand"."""
    if not said.part or (said.part in terms().arm and said.part not in _OF_THE_OTHER[:-1]):
        return
    for relation, part, side in said.relations:
        if part not in ("hand", "palm") or relation not in _HELD or said.part == "gaze":
            continue
        if said.part in terms().arm:
            held = _NAMES.get(said.part, said.part)
            yield from (known(f"{OTHER[own]} hand: touching {own} {held}", f"{OTHER[own]} hand: near {own} {held}")
                        for own in said.sides)  # fmt: skip
            return
        if side == "one" and not said.sides and said.part in (*_HEAD, *FRONT_PARTS):
            yield "?left hand: near head" if said.part in _HEAD else known(f"left hand: touching {said.part}")
            continue  # "the chin in a palm"
        both = relation == "between" or (side in ("{s}", "one") and not said.sides)
        side = "{s}" if side == "one" else side
        for own in ("left", "right") if both else said.sides or ("",):
            hand = side.format(s=own, o=OTHER.get(own, ""))
            if said.part in _HEAD:
                yield f"{hand} hand: near head"
            elif said.part in FRONT_PARTS:
                yield known(f"{hand} hand: touching {said.part}")
            elif said.sides:
                yield known(f"{hand} hand: touching {own} {said.part}", f"{hand} hand: near {own} {said.part}")


def elbow_rules(said: Said) -> Iterator[str]:
    """Lines about elbows."""
    if said.both and said.has("out", "wide", "side") and not said.has("raised", "horizontal", "in", "shoulder height"):
        yield "left elbow to right elbow distance: 0.4.."
        return
    yield from pair_distance(said)
    tucked = said.has("in", "at side") or said.to(FRONT_PARTS, "on", "to", "at", "touch")
    yield from first_of(
        said,
        (said.has("floor") or (said.has("to floor") and not said.has("pointed")), "{s} elbow: on ground"),
        (said.has("off floor"), "not: {s} elbow: on ground"),
        (tucked and said.has("tucked", "tight", "at side"), ("{s} elbow: near torso", "{s} arm: at the side")),
        (tucked, "{s} elbow: near torso"),
        (said.has("backward") or said.to((*FRONT_PARTS, ""), "behind"), "{s} elbow: behind torso"),
        (said.has("forward") or said.to((*FRONT_PARTS, ""), "front"), "{s} elbow: in front of torso"),
        (said.has("shoulder height"), ("{s} arm: raised level", "{s} elbow above {s} shoulder: -0.15..0.15")),
        (said.has("horizontal"), "{s} arm: raised level"),
        (said.has("pointing down"), "{s} elbow: below {s} shoulder"),
        (said.has("raised", "high", "sky", "above shoulder height"), "{s} elbow: above {s} shoulder"),
        (said.has("below shoulder height"), "{s} elbow: below {s} shoulder"),
        (said.has("out", "side"), "not: {s} elbow: near torso"),
    )
    for relation, part, side in said.relations:
        where = side or "{s}"
        touching = relation in ("on", "to", "at", "by", "touch", "rest")
        yield from first_of(
            said,
            (part == "knee" and touching, f"{{s}} elbow: near {where} knee"),
            (part == "thigh" and relation in ("on", "touch", "rest"), f"{{s}} forearm: touching {where} thigh"),
            (part == "hip" and touching, "{s} elbow: near {s} hip"),
            (part == "shoulder" and relation in ("above", "below"), f"{{s}} elbow: {relation} {{s}} shoulder"),
        )
