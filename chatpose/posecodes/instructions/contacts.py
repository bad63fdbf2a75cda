"""Parts that are to touch: "put the right foot on the left knee", "hands on hips", "touch your nose"."""

import re
from dataclasses import dataclass
from functools import cache

from chatpose.posecodes.definitions import OTHER
from chatpose.posecodes.goal_parts import MIDDLE_PARTS, SIDED_PARTS, vocabulary
from chatpose.posecodes.goals import GROUND, Goal, GoalError, parse_goal
from chatpose.posecodes.grammar import parse
from chatpose.posecodes.instructions.facts import SIDES, Facts
from chatpose.posecodes.instructions.plan import Amount, Change
from chatpose.posecodes.instructions.text import read_amount
from chatpose.posecodes.points import POINTS

_ARM_PARTS = frozenset(("hand", "palm", "fingers", "fingertips", "thumb", "back of hand", "knuckles", "edge of hand",
                        "heel of hand", "elbow", "forearm", "wrist", "arm", "inner elbow"))  # fmt: skip
_LEG_PARTS = frozenset(("foot", "sole", "heel", "toes", "ball of foot", "instep", "ankle", "outer ankle", "knee",
                        "shin", "calf", "thigh", "leg", "lower leg", "kneecap"))  # fmt: skip
_HEAD_PARTS = frozenset(("head", "chin", "forehead", "ear", "cheek", "nose"))
_FAR_PARTS = frozenset(("elbow", "inner elbow", "forearm", "wrist", "upper arm", "armpit", "shoulder", "hand"))
"""Parts of an arm: a hand touches those of the other one unless a side is said."""
_TOUCH = (
    r"touch(?:es|ing)?|tap|grab(?:bing)?|hold(?:ing)?(?: on to)?|grasp|clasp|grip|cover|cup|scratch|hug|rub|"
    r"catch|clutch|reach(?:es|ing)?(?: down| out| up| over| back| across)? for"
)
_LEADING = r"and|to|have|let|make|her|him|them|she|he|they|should|must|is|now"
_REWRITTEN = (
    (r"\bbehind (?:the |her |his |their |your )?(head|neck)\b", r"on the back of \1"),
    (r"\bbehind (?:the |her |his |their |your )?back\b", "on the lower back"),
    (r"\bhands? (?:to|on) (?:the |her |his )?sides?\b", "hands down"),
)
_ON = (r"\b(?:on(?: top of)?|onto|to|against|at|touch(?:es|ing)?|behind|over|under|upon|reach(?:es)?(?: for)?|"
    r"into|in|around|"
       r"meets?|with)\b")  # fmt: skip
_NOT_CONTACT = re.compile(r"\b(?:height|level|above|below|in front of|beside|next to|near|towards?|closer|away|"
    r"from|between|"
                          r"underneath|like|as|than)\b")  # fmt: skip
_OFF = re.compile(r"\b(?:off(?: of)?|not on|not touching|no longer on|away from)\b")
_POSSESSIVE = r"(?:the |her |his |their |your |my |its |a |an |own )*"


_TOUCH_FLOOR = re.compile(
    r"^(?:and |then )?(?:touch|tap|reach(?: down)?(?: for| to)?)(?: all the way)?(?: down)? the (?:floor|ground)\W*$"
)
Read = tuple[list[Change], list[str]]
"""Changes, and notes for people."""


@dataclass(frozen=True)
class _Mention:
    name: str
    side: str
    plural: bool
    start: int
    stop: int


def read_contact(text: str, facts: Facts, mentioned: str) -> Read | None:
    """The contact that a clause asks for, with notes; None when it asks for none."""
    if re.search(r"\b(?:chin|head)\b.*\b(?:to|on)\b.*\b(?:chest|breast)\b", text) and "hand" not in text:
        return None
    for pattern, new in _REWRITTEN:
        text = re.sub(pattern, new, text)
    found = _mentions(text)
    direct = _direct(text)
    if direct is not None:
        return direct, []
    if not found and _TOUCH_FLOOR.search(text):
        goals = tuple(Goal(f"{side} hand", "on", GROUND) for side in SIDES)
        return [Change("hands", "hold", Amount(), "", text, (), goals, _limbs(goals))], []
    if near := _nearing(text, found, facts, mentioned):
        return near
    if found and (ground := _on_ground(text, found, facts, mentioned)):
        return ground
    if found and found[0].plural and re.search(r"\b(?:together|each other|one another|clasp|fold)\b", text):
        return _each_other(found[0], text)
    touches = bool(re.search(rf"^(?:\W|{_LEADING})*(?:{_TOUCH})\b", text))
    if len(found) == 1 and touches and found[0].name not in ("hand", "arm"):
        hand = _Mention("hand", "", found[0].plural and found[0].side in ("", "both"), 0, 0)
        return _changes(hand, found[0], facts, mentioned, text)
    return _of_two(text, found, facts, mentioned, touches=touches) if len(found) > 1 else None


def _of_two(text: str, found: list[_Mention], facts: Facts, mentioned: str, *, touches: bool) -> Read | None:
    """The contact of the first two parts that are mentioned, or its end."""
    first, second = found[:2]
    between = text[first.stop : second.start]
    if first.name in ("hand", "palm") and (_OFF.search(between) or text.startswith(("no ", "not "))):
        side = first.side if first.side in SIDES else second.side if second.side in SIDES else ""
        sides = (side,) if side else _subject_sides(first, second, facts, mentioned)[0]
        return [Change(f"{one} arm", "relax") for one in sides], []
    if touches and re.search(r"\bwith\b|\busing\b", between):
        return _changes(second, first, facts, mentioned, text)
    if first.name in ("hand", "palm", "fingers", "knuckles") and second.name in _HEAD_PARTS and _BESIDE.search(between):
        return _beside(first, second, facts, mentioned, text)
    if not re.search(_ON, between) or _NOT_CONTACT.search(between) or _NOT_CONTACT.search(text[second.stop :][:12]):
        return None
    moves = re.search(r"\b(?:in front|raise|lift|lower|turn|point|bend)\b", text)
    if moves and re.search(r"\b(?:in|with|at)\b", between):
        return None
    if first.name == "forearm" and second.name in MIDDLE_PARTS and re.search(r"\bacross\b", between):
        return _changes(first, second, facts, mentioned, text)
    if second.name in ("head", "crown") and re.search(r"\b(?:over|above)\b", between):
        return None  # a place in the air
    if first.name in _HEAD_PARTS and second.name in ("hand", "palm", "fingers", "fist", "knuckles"):
        first, second = second, first  # "the chin on the hand": the arm is what moves
    return _changes(first, second, facts, mentioned, text)


@cache
def _pattern() -> re.Pattern[str]:
    names = sorted(vocabulary(), key=len, reverse=True)
    words = "|".join(re.escape(name).replace("\\ of\\ ", rf"\ of\ {_POSSESSIVE}(?:left |right )?") for name in names)
    sides = "left|right|both|other|opposite|same|one|either|each"
    return re.compile(rf"\b(?:(?P<side>{sides})[ -](?:the |her |his |of )*)?(?P<name>{words})\b(?! (?:height|level))")


def _mentions(text: str) -> list[_Mention]:
    known = vocabulary()
    found = []
    for match in _pattern().finditer(text):
        words = match["name"]
        inner = re.search(r"\b(left|right)\b", words)
        name = " ".join(re.sub(r"\b(?:the|her|his|their|your|my|its|a|an|own|left|right)\b", " ", words).split())
        if name not in known:
            continue
        side = match["side"] or (inner[1] if inner else "")
        plural = known[name].plural and known[name].part not in ("fingers", "fingertips")
        found.append(_Mention(known[name].part, side, plural, match.start(), match.end()))
    return found


def _direct(text: str) -> list[Change] | None:
    """Goals that the goals' own language says: distances and heights."""
    words = re.sub(r"^(?:put|place|hold|bring|move|keep|set|raise|lift|lower|have|with)\s+", "", text)
    if not re.search(r"\d+(?:\.\d+)? ?(?:cm|m) (?:from|above)\b", words):
        return None
    words = re.sub(r"\b(?:up|away|off|about|exactly|around) (?=\d)", "", words)
    try:
        goals = parse_goal(words)
    except GoalError:
        return None
    return [Change(goals[0].subject, "hold", goals=goals, words=text, moving=_limbs(goals))]


def _each_other(part: _Mention, text: str) -> Read | None:
    name = "palm" if part.name == "hand" else part.name
    if name not in SIDED_PARTS or name not in (*_ARM_PARTS, *_LEG_PARTS) or re.search(r"\bclos(?:er)\b|\d", text):
        return None
    if name in ("leg", "knee", "foot", "arm", "thigh"):  # people who put the feet together stand so
        return None
    goals = (Goal(f"left {name}", "against", f"right {name}"),)
    said = ()
    if name == "palm" and re.search(
        r"\bin front\b|\b(?:at|before|to) (?:the |your |her |his )?(?:heart|chest|breast|chin|waist|belly)", text
    ):
        said = tuple(parse(f"{side} hand: in front of torso") for side in SIDES)
    elif re.search(r"\b(?:above|over)\b", text) and name == "palm":
        said = tuple(parse(f"{side} hand: above head") for side in SIDES)
    pair = "hands" if name == "palm" else f"{name}s"
    if said and name == "palm" and not re.search(r"\b(?:above|over)\b", text):
        return [
            Change(pair, "meet", toward=_height_said(text)),
            Change(pair, "hold", Amount(), "", text, said, goals, _limbs(goals)),
        ], []
    above = [Change(f"{side} arm", "up", Amount(), "overhead") for side in SIDES if said and name == "palm"]
    return [*above, Change(pair, "hold", Amount(), "", text, said, goals, _limbs(goals))], []


_BESIDE = re.compile(r"\b(?:next to|beside|by|near|close to|alongside)\b")
BESIDE_M = 0.12


def _beside(subject: _Mention, object_: _Mention, facts: Facts, mentioned: str, text: str) -> Read | None:
    """A hand near a part of the head, as of who listens or guards."""
    sides, note = _subject_sides(subject, object_, facts, mentioned)
    made = []
    for side in sides:
        target, _ = _object(object_, side, subject, facts)
        if target in ("head", "ear"):
            target = f"{side} ear"
        goals = (Goal(f"{side} hand", "from", target, BESIDE_M),)
        made.append(Change(f"{side} hand", "hold", Amount(), "", text, (), goals, _limbs(goals)))
    return made, [note] if note else []


def _height_said(text: str) -> str:
    """Before which part of the trunk hands meet."""
    if re.search(r"\b(?:belly|stomach|tummy|navel|waist|abdomen|hips?|groin|lap)\b", text):
        return "low"
    return "high" if re.search(r"\b(?:face|chin|mouth|nose|throat|neck|forehead|gaze|eyes?)\b", text) else ""


def _nearing(text: str, found: list[_Mention], facts: Facts, mentioned: str) -> Read | None:
    """As in "the hands closer to the chin", "move the left hand toward the right knee"."""
    if len(found) < 2 or found[0].name not in ("hand", "palm", "fingers", "foot", "elbow", "knee"):
        return None
    between = text[found[0].stop : found[1].start]
    closer = re.search(r"\b(?:closer|nearer) to\b|\btowards?\b", between)
    away = re.search(r"\b(?:away|further|farther) from\b|\boff\b", between)
    if (not closer and not away) or found[0].name not in ("hand", "palm", "fingers"):
        return None
    sides, note = _subject_sides(found[0], found[1], facts, mentioned)
    made = []
    for side in sides:
        target, _ = _object(found[1], side, found[0], facts)
        amount, _ = read_amount(text)
        made.append(Change(f"{side} hand", "toward" if closer else "away", amount, _point_named(target), text))
    return made, [note] if note else []


_POINTS = {**dict.fromkeys(("chin", "face", "nose", "mouth", "forehead", "crown", "back of head", "temple", "ear",
                            "eye", "cheek", "side of head"), "head"),
           **dict.fromkeys(("chest", "breastbone", "breast", "upper back"), "spine3"),
           **dict.fromkeys(("belly", "stomach", "navel", "waist", "side", "lower back"), "spine1"),
           **dict.fromkeys(("throat", "nape"), "neck"), "groin": "pelvis"}  # fmt: skip


def _point_named(part: str) -> str:
    """The point of posecodes that lies in a part of goals."""
    side, _, name = part.partition(" ")
    if side not in SIDES:
        return _POINTS.get(part, part)
    found = _POINTS.get(name, name)
    return found if found in ("head", "neck", "spine1", "spine3", "pelvis") else f"{side} {found}"


def _on_ground(text: str, found: list[_Mention], facts: Facts, mentioned: str) -> Read | None:
    """Hands, knees or elbows on the floor: "touch the floor with both hands"."""
    first = found[0]
    if first.name not in ("hand", "palm", "fingers", "fingertips", "knee", "elbow", "forearm", "forehead", "head"):
        return None
    down = re.search(r"\b(?:on|onto|to|against) the (?:floor|ground)\b", text[first.stop :])
    touch = re.search(rf"\b(?:{_TOUCH}|reach(?: for)?) the (?:floor|ground)\b", text)
    if (not down and not touch) or re.search(r"\b(?:above|off|from|toward|parallel|level|point)\b", text):
        return None
    if first.name in MIDDLE_PARTS:
        sides, note = ("",), ""
    else:
        sides, note = _subject_sides(first, first, facts, mentioned)
    goals = tuple(Goal(f"{side} {first.name}".strip(), "on", GROUND) for side in sides)
    part = goals[0].subject if len(goals) == 1 else f"{first.name}s"
    return [Change(part, "hold", Amount(), "", text, (), goals, _limbs(goals))], [note] if note else []


def looked_at(text: str, facts: Facts, mentioned: str) -> str:
    """The point of the body that a text wants looked at; empty for none."""
    said = re.search(r"\b(?:at|toward|towards|to|over)\b", text)
    found = [one for one in _mentions(text) if said and one.start > said.start() and one.name not in ("face", "side")]
    over_hand = found and found[0].name in ("hand", "fingers", "fingertips")
    if not found or (not over_hand and re.search(r"\bover\b", text)) or re.search(r"\b(?:left|right)$", text):
        return ""
    if found[0].name in MIDDLE_PARTS:
        return _point_named(found[0].name)
    sides, _ = _subject_sides(found[0], found[0], facts, mentioned)
    name = _point_named(f"{sides[0]} {found[0].name}")
    return name if name in POINTS else ""


def _changes(subject: _Mention, object_: _Mention, facts: Facts, mentioned: str, text: str) -> Read | None:
    if (
        subject.name in ("arm", "leg", "foot", "thigh", "knee")
        and object_.name in ("side", "chest", "waist")
        and not (subject.name == "knee" and object_.name == "chest")
    ):
        return None
    if subject.name not in (*_ARM_PARTS, *_LEG_PARTS, *_HEAD_PARTS) or subject.name == object_.name == "hand":
        return None
    notes: list[str] = []
    sides, note = _subject_sides(subject, object_, facts, mentioned)
    if note:
        notes.append(note)
    made = []
    for side in sides:
        name = f"{side} {subject.name}".strip()
        target, note = _object(object_, side, subject, facts)
        if note and note not in notes:
            notes.append(note)
        if name == target:
            return None
        relation = "on" if subject.name in ("hand", "palm", "foot", "sole") else "at"
        said = ()
        if (
            subject.name in ("hand", "palm")
            and object_.name in ("hip", "waist", "side of hip")
            and target.startswith(side)
        ):
            said, target = (parse(f"{side} hand: on hip"),), f"{side} hip"
        goals = (Goal(name, relation, target),)
        made.append(Change(name, "hold", Amount(), "", text, said, goals, _limbs(goals)))
    return made, notes


def _subject_sides(subject: _Mention, object_: _Mention, facts: Facts, mentioned: str) -> tuple[tuple[str, ...], str]:
    if subject.name in MIDDLE_PARTS:
        return ("",), ""
    if subject.side in SIDES:
        return (subject.side,), ""
    if subject.side == "both" or (subject.plural and not subject.side):
        return SIDES, ""
    if object_.plural and not subject.side and not object_.side and subject.name in ("fingers", "fingertips"):
        return SIDES, ""
    if subject.side in ("other", "opposite") and object_.side in SIDES:
        return (OTHER[object_.side],), ""
    if subject.side in ("other", "opposite") and mentioned:
        return (OTHER[mentioned],), ""
    if not subject.side and mentioned and not object_.side:
        return (mentioned,), ""
    end = "hand" if subject.name in _ARM_PARTS else "foot"
    point = f"{object_.side} {object_.name}" if object_.side in SIDES else object_.name
    side = facts.nearer(end, point) or "right"
    if object_.side in SIDES and (object_.name in _FAR_PARTS or subject.name in _LEG_PARTS):
        side = OTHER[object_.side]
    elif object_.side in SIDES and not facts.nearer(end, point):
        side = object_.side
    return (side,), f"which {subject.name} isn't said; took the {side} one"


def _object(object_: _Mention, side: str, subject: _Mention, facts: Facts) -> tuple[str, str]:
    if object_.name in MIDDLE_PARTS:
        return object_.name, ""
    if object_.side in SIDES:
        return f"{object_.side} {object_.name}", ""
    if side not in SIDES:
        return f"either {object_.name}", ""
    if object_.side in ("other", "opposite"):
        return f"{OTHER[side]} {object_.name}", ""
    across = (subject.name in _ARM_PARTS and object_.name in _FAR_PARTS) or (
        subject.name in _LEG_PARTS and object_.name in _LEG_PARTS
    )
    if (subject.plural or object_.plural) and object_.name == "shoulder":
        across = False
    return f"{OTHER[side] if across else side} {object_.name}", ""


def _limbs(goals: tuple[Goal, ...]) -> tuple[str, ...]:
    """What moves for goals: the limbs of their subjects; both hands when they meet."""
    found: list[str] = []
    for goal in goals:
        names = (goal.subject, goal.object) if goal.relation == "against" and goal.object != GROUND else (goal.subject,)
        for name in names:
            side, _, part = name.rpartition(" ")[0].partition(" ")[0], "", name
            side = name.split()[0] if name.split()[0] in SIDES else ""
            part = name.removeprefix(f"{side} ")
            if part in _ARM_PARTS:
                found.append(f"{side} arm")
            elif part in _LEG_PARTS:
                found.append(f"{side} leg")
            else:
                found.append("head")
    return tuple(dict.fromkeys(found))
