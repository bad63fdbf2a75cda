"""The phrases of `phrases`, made ready for every posecode: who is spoken of, and what can be said.

Everything is made once per set of posecodes. No choice made from here depends on a side: a code and its mirror image
have the same key and the same wordings with left and right exchanged.
"""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache

from chatpose.posecodes import phrases
from chatpose.posecodes.definitions import OTHER, SIDES, all_posecodes
from chatpose.posecodes.posecode import Posecode, exchange_sides

PLURALS = {"foot": "feet", "thigh": "thighs", "arms": "arms", "legs": "legs"}
PAIRS = frozenset(("elbows", "hands", "knees", "feet", "arms", "legs", "forearms", "shins", "thighs"))
OBJECT_NAMES = {"pelvis": "hips"}


@dataclass(frozen=True, slots=True)
class Wording:
    """One way to say a code: "<subject> is <complement>".

    Attributes:
        subject: noun with its side ("left knee", "both knees", "each hand", "hands"), without determiner; "" for the
            person.
        determined: whether the subject takes a determiner (their, the, his, her).
        plural: whether the verb is "are".
        complement: the rest; a posture's may hold `{d}`.
        finite: complement with a verb of its own ("points up"), or "".
    """

    subject: str
    determined: bool
    plural: bool
    complement: str
    finite: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """What can be said of one code.

    Attributes:
        code: the posecode.
        side: side of its subject, or "".
        part: its subject without the side.
        pattern: its predicate with sides written `{s}` (the subject's, or the one spoken of) and `{o}`.
        key: the same number for a code and its mirror image; choices are made from it.
        mirror: place of the mirror image among the entries; its own when the code is its own mirror image.
        alone: wordings of this code.
        together: wordings of this code and its mirror image at once; empty where a body has no two of it.
        also: another code that the wordings claim too.
    """

    code: Posecode
    side: str
    part: str
    pattern: str
    key: int
    mirror: int
    alone: tuple[Wording, ...]
    together: tuple[Wording, ...]
    also: Posecode | None = None


@cache
def lexicon() -> tuple[Entry, ...]:
    """Entries of all posecodes, in their order."""
    return entries_of(all_posecodes())


def entries_of(codes: tuple[Posecode, ...]) -> tuple[Entry, ...]:
    """Entries of some posecodes; a mirror image that isn't among them counts as none."""
    places = {code.name: place for place, code in enumerate(codes)}
    return tuple(_entry(code, places.get(exchange_sides(code.name), place)) for place, code in enumerate(codes))


def _entry(code: Posecode, mirror: int) -> Entry:
    side, part = split_side(code.subject)
    pattern = unsided(code.predicate, side)
    key = zlib.crc32(f"{part}: {pattern}".encode())
    wordings = wordings_of(code)
    alone = tuple(_alone(code, side, part, text) for text in wordings)
    together = tuple(_together(code, part, text) for text in pair_templates(code)) if side else ()
    return Entry(code, side, part, pattern, key, mirror, alone, together)


def straight_entry(pointing: Entry, vertical: Entry) -> Entry:
    """Says of a limb that it points up (or down) and that it is vertical: "pointing straight up"."""
    code, templates = pointing.code, phrases.STRAIGHT_DIRECTIONS[pointing.pattern]
    alone = tuple(_alone(code, pointing.side, pointing.part, text) for text in templates)
    together = tuple(_together(code, pointing.part, text) for text in templates)
    key = zlib.crc32(f"{pointing.part}: {pointing.pattern}, {vertical.pattern}".encode())
    return replace(pointing, key=key, alone=alone, together=together, also=vertical.code)


def split_side(name: str) -> tuple[str, str]:
    """Splits "left knee" into "left" and "knee"; "torso" has no side."""
    for side in SIDES:
        if name.startswith(f"{side} "):
            return side, name.removeprefix(f"{side} ")
    return "", name


def unsided(text: str, side: str) -> str:
    """Sides as `{s}` and `{o}`; without a subject's side the first one named is `{s}`. "right angle" has none."""
    words = text.replace("right angle", "\0").split(" ")
    own = side or next((word for word in words if word in SIDES), "")
    marks = {own: "{s}", OTHER.get(own, ""): "{o}"} if own else {}
    return " ".join(marks.get(word, word) for word in words).replace("\0", "right angle")


def side_spoken_of(code: Posecode) -> str:
    """The side of the subject, or else the one that the predicate names first, or ""."""
    side, _ = split_side(code.subject)
    return side or next((word for word in code.predicate.split(" ") if word in SIDES), "")


_TABLES: Mapping[str, Mapping[str, phrases.Wordings]] = {
    "bend": phrases.BENDS,
    "hip bend": phrases.HIP_BENDS,
    "arm raise": phrases.ARM_RAISES,
    "pair distance": phrases.PAIR_DISTANCES,
    "direction": phrases.DIRECTIONS,
    "ground": phrases.GROUND,
    "incline": phrases.INCLINES,
    "head": phrases.HEAD,
    "palm": phrases.PALMS,
    "foot": phrases.FEET,
    "posture": phrases.POSTURES,
}


def wordings_of(code: Posecode) -> phrases.Wordings:
    """The templates of a code; `{s}`, `{o}` and `{x}` not yet filled in."""
    side, part = split_side(code.subject)
    if code.relation:
        return phrases.RELATIONS[unsided(code.relation, side)]
    if code.family == "touch":
        return phrases.TOUCHING_EACH_OTHER
    pattern = unsided(code.predicate, side)
    return phrases.LIMBS[f"{part} {pattern}"] if code.family == "limbs" else _TABLES[code.family][pattern]


def _fill(template: str, code: Posecode, object_: str) -> str:
    side = side_spoken_of(code)
    filled = template.replace("{x}", object_).replace("{s}", side).replace("{o}", OTHER.get(side, ""))
    return filled


def _object(code: Posecode) -> str:
    return f"the {OBJECT_NAMES.get(code.object, code.object)}"


def _alone(code: Posecode, side: str, part: str, template: str) -> Wording:
    noun, _, text = template.rpartition("|")
    complement = _fill(text.partition(" ~ ")[0], code, _object(code))
    if code.family == "posture":
        return Wording("", False, False, complement)
    subject = f"{side} {noun or part}".strip()
    return _wording(subject, True, part in PAIRS, complement)


def pair_templates(code: Posecode) -> phrases.Wordings:
    """Templates for both sides at once; those that begin with "each:" speak of each of the two."""
    side, part = split_side(code.subject)
    object_side, object_part = split_side(code.object)
    wordings = wordings_of(code)
    special = phrases.EACH.get(f"{part} {unsided(code.predicate, side)}")
    if special:
        return tuple(f"each:{text}" for text in special)
    if not object_side:
        return wordings
    form = (phrases.SAME if object_side == side else phrases.OPPOSITE).format(part=object_part)
    return tuple(f"each:{text.replace('{x}', form)}" for text in wordings)


def _together(code: Posecode, part: str, template: str) -> Wording:
    if template.startswith("each:"):
        return _wording(f"each {part}", False, False, template.removeprefix("each:"))
    noun, _, text = template.rpartition("|")
    one, _, both = text.partition(" ~ ")
    return _wording(f"both {plural(noun or part)}", False, True, _fill(both or one, code, _object(code)))


def _wording(subject: str, determined: bool, plural_: bool, complement: str) -> Wording:
    participle, _, rest = complement.partition(" ")
    verbs = phrases.FINITE.get(participle)
    finite = f"{verbs[plural_]} {rest}".strip() if verbs else ""
    return Wording(subject, determined, plural_, complement, finite)


def plural(noun: str) -> str:
    """Plural of a part of the body."""
    return PLURALS.get(noun, f"{noun}s")
