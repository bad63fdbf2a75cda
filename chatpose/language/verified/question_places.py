"""Questions that words answer: where a part is, what it does, what the posture and the pose are, what touches what."""

import re
from collections.abc import Sequence
from math import isnan

import torch

from chatpose.atlas.naming import Namer
from chatpose.language.verified.question_body import postures
from chatpose.language.verified.question_facts import PoseFacts
from chatpose.language.verified.question_findings import bend
from chatpose.language.verified.question_lengths import resolve
from chatpose.language.verified.question_parts import FLOOR, Mention, Part, plural
from chatpose.language.verified.question_relations import touch
from chatpose.language.verified.question_sides import Chosen, pointing
from chatpose.language.verified.question_telling import length_words
from chatpose.posecodes.body_parts import joints_of, joints_of_part
from chatpose.posecodes.definitions import OTHER, SIDES, all_posecodes, armpit

_FLOOR_PARTS = ("foot", "knee", "hand", "elbow", "shoulder")
_DISTAL = {"hand": "hand", "arm": "hand", "palm": "hand", "wrist": "hand", "fingertips": "hand", "forearm": "hand"}
_TOUCHED: dict[str, tuple[str, ...]] = {
    "hand": (
        "head",
        "neck",
        "chest",
        "belly",
        "back",
        "hip {s}",
        "hand {o}",
        "elbow {o}",
        "forearm {o}",
        "upper arm {o}",
        "thigh {s}",
        "thigh {o}",
        "knee {s}",
        "knee {o}",
        "shin {s}",
        "shin {o}",
        "foot {s}",
        "foot {o}",
        FLOOR,
    ),
    "foot": ("foot {o}", "shin {o}", "knee {o}", "thigh {o}", FLOOR),
    "knee": (FLOOR, "chest"),
    "elbow": (FLOOR, "knee {s}", "knee {o}", "thigh {s}", "thigh {o}"),
    "head": (FLOOR,),
}


def listed(words: Sequence[str]) -> str:
    """Such as: a, b and c."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else list(words))


def asks_where(text: str) -> bool:
    """Whether a plain question asks for a place."""
    return bool(
        re.match(
            r"(?:and )?where\b|(?:the )?(?:position|place|location) of\b|what is the (?:position|place|location)\b",
            text,
        )
    )


def where(found: Sequence[Mention], facts: PoseFacts) -> Chosen | None:
    """Where the parts of the first mention are."""
    parts = found[0].parts if found else ()
    if not parts:
        return None
    if len(found) > 1 and len(parts) == 1 and found[1].noun != FLOOR:
        return _beside_part(facts, parts[0], resolve(parts[0], found[1]))
    told = [place(facts, part) for part in parts]
    measure = f"{parts[0].name if len(parts) == 1 else plural(parts[0].noun)} position"
    evidence = "; ".join(more for _, more in told)
    if len(parts) == 1:
        return Chosen(capital(told[0][0]), evidence, measure)
    words = ", ".join(f"the {part.name} {main}" for part, (main, _) in zip(parts, told, strict=True))
    if both := _both_on(facts, parts):
        words = f"both {both}: {words}"
    return Chosen(capital(words), evidence, measure)


def _beside_part(facts: PoseFacts, part: Part, other: Part) -> Chosen:
    """Where one part is against another."""
    rows = [(facts.offset(kind, part, other), plus, minus) for kind, plus, minus in (
        ("above", "above", "below"), ("front", "in front of", "behind"), ("left", "to the left of",
        "to the right of"))]  # fmt: skip
    rows.sort(key=lambda row: -abs(row[0].value))
    words = [plus if reading.value > 0 else minus for reading, plus, minus in rows if abs(reading.value) >= 0.07]
    lead = f"{listed(words)} the {other.name}" if words else f"at the {other.name}"
    told = ", ".join(f"{length_words(row.value)} {plus if row.value > 0 else minus} it" for row, plus, minus in rows)
    held = " and touching it" if touch(facts, part, other).holds else ""
    return Chosen(capital(lead) + held, f"the {part.name} is {told}", f"{part.name} position")


def _both_on(facts: PoseFacts, parts: Sequence[Part]) -> str:
    """What both hands or feet touch on their own sides, such as "on the thighs"."""
    names = [touched(facts, Part(_DISTAL.get(part.noun, part.noun), part.side)) for part in parts]
    nouns = [{name.removeprefix(f"{part.side} ") for name in some} for part, some in zip(parts, names, strict=True)]
    shared = [name for name in _ORDER if all(name in some for some in nouns)]
    return f"on the {listed([name if name in _SINGLE else plural(name) for name in shared])}" if shared else ""


_SINGLE = ("head", "neck", "chest", "belly", "back", FLOOR)
_ORDER = (*_SINGLE, "hip", "thigh", "knee", "shin", "foot")


def capital(text: str) -> str:
    """With a capital first."""
    return text[:1].upper() + text[1:]


def place(facts: PoseFacts, part: Part) -> tuple[str, str]:
    """Where a part is: in a few words, and measured against the trunk."""
    about = Part(_DISTAL.get(part.noun, part.noun), part.side)
    held = touched(facts, about)
    band = _band(facts, about)
    about_trunk = _against_trunk(facts, about)
    height = facts.joint_height(about)
    evidence = f"the {about.name} is {length_words(height.value)} above the floor, {about_trunk}"
    parts = [name for name in held if name != FLOOR]
    lead = [f"on the {listed(parts)}"] if parts else []
    lead += ["on the floor"] if FLOOR in held else []
    return ", ".join([*lead, band]), evidence


def _band(facts: PoseFacts, part: Part) -> str:
    """Height against head, shoulders, hips and knees, then before, behind or beside the trunk."""
    level = float(facts.at(part.point)[1])
    marks = [
        ("head", "the head"),
        ("shoulders", "the shoulders"),
        ("torso", "the middle of the torso"),
        ("hips", "the hips"),
    ]
    heights = [(abs(level - float(facts.at(name)[1])), said, float(facts.at(name)[1])) for name, said in marks]
    if part.noun not in ("knee", "foot", "ankle", "heel", "toes", "shin", "leg", "thigh"):
        knees = float((facts.at("left knee")[1] + facts.at("right knee")[1]) / 2)
        heights.append((abs(level - knees), "the knees", knees))
    if part.noun in ("head", "hips", "torso", "chest", "back", "belly", "neck"):
        return f"{length_words(level - facts.floor)} above the floor"
    top, low = max(row[2] for row in heights), min(row[2] for row in heights)
    if level > top + 0.1:
        words = f"above {max(heights, key=lambda row: row[2])[1]}"
    elif level < low - 0.12:
        words = f"below {min(heights, key=lambda row: row[2])[1]}"
    else:
        words = f"at the height of {min(heights)[1]}"
    sides = _beside(facts, part)
    return f"{words}, {sides}" if sides else words


def _beside(facts: PoseFacts, part: Part) -> str:
    front, left = (facts.offset(kind, part, Part("torso")).value for kind in ("front", "left"))
    if isnan(front) or isnan(left):
        return ""
    words = []
    if abs(front) > 0.12:
        words.append("in front of the body" if front > 0 else "behind the body")
    if abs(left) > 0.28:
        side = "left" if left > 0 else "right"
        words.append("out to its own side" if side == part.side else f"across on the {side} side")
    return " and ".join(words) or "beside the body"


def _against_trunk(facts: PoseFacts, part: Part) -> str:
    front, left = (facts.offset(kind, part, Part("torso")).value for kind in ("front", "left"))
    if isnan(front) or isnan(left):
        return "and the trunk has no direction"
    return (
        f"{length_words(front)} {'in front of' if front >= 0 else 'behind'} the middle of the torso and "
        f"{length_words(left)} to its {'left' if left >= 0 else 'right'}"
    )


def touched(facts: PoseFacts, part: Part) -> list[str]:
    """What a part touches, the surest first."""
    found: list[tuple[float, str]] = []
    for pattern in _TOUCHED.get(part.noun, (FLOOR,)):
        noun, _, side = pattern.partition(" {")
        other = Part(noun, {"s}": part.side, "o}": OTHER.get(part.side, "")}.get(side, ""))
        if noun == "hip" and not facts.holds(f"{part.side} hand: on hip"):
            continue
        finding = touch(facts, part, other)
        if finding.holds:
            found.append((finding.margin, other.name))
    return [name for _, name in sorted(found, reverse=True)][:4]


def nearest(facts: PoseFacts, part: Part) -> list[tuple[str, float]]:
    """The parts that a hand or foot is nearest to, with the distances of the joints, metres."""
    own = ("hand", "forearm", "wrist", "elbow") if part.noun == "hand" else ("foot", "ankle", "shin", "heel", "toes")
    others = [Part(noun) for noun in ("head", "neck", "chest", "belly", "hips")]
    others += [Part(noun, side) for side in SIDES for noun in ("hand", "elbow", "shoulder", "hip", "knee", "foot")
               if side != part.side or noun not in own]  # fmt: skip
    found = [(other.name, facts.apart(part, other).value) for other in others if other != part]
    return sorted(found, key=lambda row: row[1])[:2]


def on_floor(facts: PoseFacts) -> Chosen:
    """What rests on the floor."""
    words: list[str] = []
    for noun in _FLOOR_PARTS:
        sides = [side for side in SIDES if touch(facts, Part(noun, side), Part(FLOOR)).holds]
        words += [f"both {plural(noun)}"] if len(sides) == 2 else [f"the {side} {noun}" for side in sides]
    words += [f"the {noun}" for noun in ("hips", "head") if touch(facts, Part(noun), Part(FLOOR)).holds]
    told = listed(words) if words else "nothing"
    return Chosen(capital(told), "what is at most 8 cm above the lowest point of the body counts", "floor")


def doing(found: Sequence[Mention], facts: PoseFacts, seed: int = 0) -> Chosen | None:
    """What a limb or another part does: everything worth saying of it."""
    parts = [part for one in found[:1] for part in one.parts]
    names = {name for part in parts for name in _region(part)}
    if not names:
        return None
    codes = all_posecodes()
    allowed = torch.tensor(
        [code.family != "aligned" and bool(own := joints_of(code)) and own[0] in names for code in codes]
    )
    described = facts.describer.describe(facts.pose, "full", seed, allowed)
    numbers = [_numbers(facts, part) for part in parts]
    if not described.checks:
        return where(found, facts)
    return Chosen(described.text.rstrip("."), "; ".join(one for one in numbers if one), f"{parts[0].name} description")


def _region(part: Part) -> tuple[str, ...]:
    whole = {
        "hand": "arm",
        "elbow": "arm",
        "forearm": "arm",
        "upper arm": "arm",
        "wrist": "arm",
        "palm": "hand",
        "foot": "leg",
        "knee": "leg",
        "shin": "leg",
        "thigh": "leg",
        "hips": "torso",
        "neck": "head",
    }
    noun = whole.get(part.noun, part.noun)
    return joints_of_part(f"{part.side} {noun}".strip())


def _numbers(facts: PoseFacts, part: Part) -> str:
    if part.noun not in ("arm", "leg") or not part.side:
        return ""
    bent = facts.read(bend(part)).value
    where_to = pointing(facts, part)
    words = f"{'elbow' if part.noun == 'arm' else 'knee'} angle {round(bent)}°"
    if part.noun == "arm":
        words += f", upper arm {round(facts.read(armpit(part.side)).value)}° from the trunk"
    return f"{words}; {where_to.told}" if where_to else words


def posture_words(facts: PoseFacts) -> Chosen:
    """What the body as a whole does."""
    held = postures(facts)
    said = facts.describer.describe(facts.pose, "short").text.rstrip(".")
    if not held:
        return Chosen("None of the postures that I know", said, "posture", False)
    return Chosen(capital(listed(held)), said, "posture")


def named(facts: PoseFacts, namer: Namer) -> Chosen:
    """What the pose is called, or its posture where no name fits."""
    (names,) = namer.names(facts.pose, 3)
    if not names:
        found = posture_words(facts)
        return Chosen(
            found.word, f"no pose of the atlas comes near enough for a name; {_lower(found.told)}", "name", False
        )
    told = ", ".join(f"{one.name} ({round(100 * one.score)} %)" for one in names)
    more = f"by nearness to the atlas's poses: {told}; posture: {listed(postures(facts)) or 'none that I know'}"
    return Chosen(capital(names[0].name), more, "name", names[0].score >= 0.8)


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def described(facts: PoseFacts) -> Chosen:
    """The whole pose in words."""
    said = facts.describer.describe(facts.pose, "plain").text.rstrip(".")
    return Chosen(said, "", "description")
