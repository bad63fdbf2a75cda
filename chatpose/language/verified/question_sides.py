"""Which side, which part, which way: comparisons that a question asks to decide."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from chatpose.language.verified.question_facts import PoseFacts
from chatpose.language.verified.question_findings import Finding
from chatpose.language.verified.question_lengths import resolve
from chatpose.language.verified.question_parts import BODY, FLOOR, SIDED, Mention, Part
from chatpose.language.verified.question_relations import EQUAL, Comparison, compare, comparison_of, relation_of
from chatpose.language.verified.question_telling import tell
from chatpose.language.verified.question_traits import trait_test
from chatpose.posecodes.definitions import (
    GAZE,
    HEAD_TILT,
    HEAD_TURN,
    LEFT_FACING,
    TORSO_LEAN,
    TORSO_PITCH,
    TWIST,
    special,
)

_COMPARATIVE = re.compile(
    r"\b(?:more|most|less|least|\w+(?:er|est)|further|furthest|farther|first|leading|front|back|rear|behind|ahead)\b"
)


@dataclass(frozen=True)
class Chosen:
    """The part that a question asks for.

    Attributes:
        word: plain answer ("Left", "Both", "Up").
        told: evidence, one clause.
        measure: name of the measure, or "".
        sure: whether it isn't a close call.
        note: more to say, a sentence, or "".
    """

    word: str
    told: str
    measure: str = ""
    sure: bool = True
    note: str = ""


def asks_side(text: str, found: Sequence[Mention]) -> bool:
    """Whether a plain question asks to choose between parts."""
    if re.match(r"(?:on |with |to |at |in |from |by )?(?:which|what) (?:way|direction)\b", text):
        return False
    which = re.match(
        r"(?:(?:on|with|to|at|in|from|by|and) )*which\b|what (?:side|leg|foot|hand|arm|knee|elbow)\b", text
    )
    return bool(which or any(one.alternative for one in found) or re.search(r"\bleft or (?:the )?right\b", text))


def choose(text: str, found: Sequence[Mention], facts: PoseFacts) -> Chosen | None:
    """Decides; None when it isn't known what is compared."""
    candidates, target = _candidates(text, found)
    if len(candidates) < 2:
        return None
    around = _words_around(text, found, candidates)
    compared = comparison_of(around, target)
    bearing = re.search(r"\b(?:weight|support|stand|carr|balanc)\w*", around)
    tests = None if bearing else _tests(text, candidates, target, facts)
    if candidates[0].noun == "palm" and tests is not None:
        compared = None
    if tests is not None and not _COMPARATIVE.search(text):
        held = [part for part, one in zip(candidates, tests, strict=True) if one.holds]
        if len(held) == 1 and len(candidates) == 2:
            place = candidates.index(held[0])
            sure = min(abs(one.margin) for one in tests) >= 1
            return Chosen(_word(held[0], candidates), tests[place].told, tests[place].measure, sure)
        note = _none_or_both(candidates, held)
        if compared is None:
            return _by_margin(candidates, tests, note)
        return _best(facts, compared, candidates, note)
    if compared is not None:
        return _best(facts, compared, candidates, "")
    return _acting(around, candidates, facts)


def _acting(text: str, candidates: Sequence[Part], facts: PoseFacts) -> Chosen | None:
    """Whose doing it is that isn't measured ("saluting", "kicks"): the hand or foot that is lifted."""
    if not all(part.noun in ("hand", "arm", "foot", "leg") and part.side for part in candidates) or not text.split():
        return None
    compared = comparison_of("raised")
    return None if compared is None else _best(facts, compared, candidates, "I take it to be the one that is raised.")


def _none_or_both(candidates: Sequence[Part], held: Sequence[Part]) -> str:
    if not held:
        return "Strictly it is so of neither." if len(candidates) == 2 else "Strictly it is so of none."
    return "It is so of both." if len(held) == len(candidates) == 2 else "It is so of several."


def _by_margin(candidates: Sequence[Part], tests: Sequence[Finding], note: str) -> Chosen:
    margins = [one.margin for one in tests]
    best = int(np.argmax(margins))
    gap = margins[best] - sorted(margins)[-2]
    if gap < EQUAL:
        return Chosen("Both" if tests[best].holds else "Neither", tests[best].told, tests[best].measure)
    return Chosen(_word(candidates[best], candidates), tests[best].told, tests[best].measure, gap >= 1, note)


def _best(facts: PoseFacts, compared: Comparison, candidates: Sequence[Part], note: str) -> Chosen | None:
    best, runner, finding = candidates[0], candidates[1], compare(facts, compared, candidates[0], candidates[1])
    if finding.holds is None:
        return None
    for number, other in enumerate(candidates[1:], 1):
        against = compare(facts, compared, best, other)
        if against.holds is None:
            continue
        if against.margin < 0:
            best, runner = other, best
        elif number > 1 and against.margin < finding.margin:
            runner = other
        finding = compare(facts, compared, best, runner)
    if abs(finding.margin) < EQUAL:
        word = "Both" if note.startswith("It is so of both") else "Neither"
        return Chosen(word, f"both are the same: {finding.told}", finding.measure, False)
    close = "" if finding.margin >= 1 else "They are nearly the same."
    told = finding.told.replace(f"the {runner.name}", "the other one") if runner == best.opposite() else finding.told
    return Chosen(_word(best, candidates), told, finding.measure, finding.margin >= 1, f"{note} {close}".strip())


def _word(part: Part, candidates: Sequence[Part]) -> str:
    if part.side and all(one.noun == part.noun for one in candidates):
        return part.side.capitalize()
    return f"The {part.name}"


def _words_around(text: str, found: Sequence[Mention], candidates: Sequence[Part]) -> str:
    """The question without the compared parts, so that "upper arm" isn't "up"."""
    kept = list(text)
    for one in found:
        if one.noun != FLOOR and any(part in candidates for part in one.parts):
            kept[one.start : one.stop] = " " * (one.stop - one.start)
    return "".join(kept)


def _candidates(text: str, found: Sequence[Mention]) -> tuple[list[Part], Part | None]:
    """The parts to choose from, and a part that nearness is about."""
    if re.search(r"\b(?:which|what) (?:body )?(?:part|joint)\b", text):
        parts = [Part(noun, side) for noun in _EVERY for side in ("left", "right")] + [Part("head"), Part("hips")]
        if re.search(r"\bjoint\b.*\b(?:bent|bend|flexed|straight\w*)\b", text):
            parts = [Part(noun, side) for noun in ("knee", "elbow") for side in ("left", "right")]
        return parts, next((one.parts[0] for one in found), None)
    if re.search(r"\b(?:which|what) (?:ear|cheek|side of the head)\b", text):
        return [Part("hand", "left"), Part("hand", "right")], Part("head")
    nouns = [one for one in found if one.noun != FLOOR]
    choice = next((one for one in nouns if one.alternative), None) or _asked(text, nouns)
    if choice is None:
        pair = _either_or(text, nouns)
        rest = [one for one in found if one not in pair]
        if len(pair) > 1:
            return [one.parts[0] for one in pair], rest[0].parts[0] if rest else None
        if re.search(r"\b(?:weight|stand\w*|support\w*|balanc\w*|step\w*|lung\w*|kneel\w*)\b", text):
            noun = "knee" if "kneel" in text else "leg"
            return [Part(noun, "left"), Part(noun, "right")], None
        return [], None
    noun = choice.noun
    rest = [one for one in found if one is not choice and not (one.noun == noun and len(one.parts) == 1)]
    return [Part(noun, "left"), Part(noun, "right")], rest[0].parts[0] if rest and not rest[0].open else _open(rest)


_EVERY = ("hand", "elbow", "shoulder", "knee", "foot")


def _open(rest: Sequence[Mention]) -> Part | None:
    return Part(rest[0].noun) if rest else None


def _asked(text: str, found: Sequence[Mention]) -> Mention | None:
    """The noun right after "which"."""
    match = re.search(r"\b(?:which|what)(?: of (?:the )?(?:two )?)?", text)
    sided = [one for one in found if one.noun in SIDED and len(one.parts) == 2]
    if match and sided and sided[0].start - match.end() < 8:
        return sided[0]
    return sided[0] if match and sided and len(found) == 1 else None


def _either_or(text: str, found: Sequence[Mention]) -> list[Mention]:
    """Mentions that "or" joins."""
    for first, second in pairwise(found):
        if re.fullmatch(r"[ ,]*(?:or|and)[ ]*", text[first.stop : second.start]):
            return [first, second]
    return []


def _tests(text: str, candidates: Sequence[Part], target: Part | None, facts: PoseFacts) -> list[Finding] | None:
    """Whether what is asked is so of each candidate by itself."""
    relation = relation_of(text) if target is not None else None
    if relation is not None and target is not None:
        mention = Mention((target,), "all", 0, 0)
        others = [Part(target.noun, part.side) if target.noun in SIDED and not target.side else resolve(part, mention)
                  for part in candidates]  # fmt: skip
        return [relation(facts, part, other) for part, other in zip(candidates, others, strict=True)]
    test = trait_test(candidates[0].noun, text)
    return None if test is None else [test(facts, part) for part in candidates]


# --- which way -------------------------------------------------------------------------------------------------------


def asks_way(text: str) -> bool:
    """Whether a plain question asks for a direction."""
    if re.search(r"\bside\b", text) and re.search(
        r"\b(?:rais|lift|lower|straight|touch|weight)\w*|\bbent (?:arm|leg)", text
    ):
        return False
    return bool(
        re.match(
            r"(?:(?:on|to|in|from|at|towards?|over) )?(?:which|what) (?:way|direction|side|shoulder (?:is|"
            r"are|does|do) they look\w*)\b", text)
        or re.match(
            r"where (?:is|are|does|do) (?:they|the head|the face|the eyes|the gaze) (?:\w+ )?(?:look|fac|"
            r"gaz|star|point)\w*", text)
    )  # fmt: skip


def way(text: str, found: Sequence[Mention], facts: PoseFacts) -> Chosen | None:
    """Where something points, leans or turns to."""
    part = next((one.parts[0] for one in found if one.noun != FLOOR), Part(BODY))
    if part.noun == "palm":
        return _palm(facts, part)
    if re.search(r"\b(?:lying|lies|laying|lie)\b", text):
        return _signed(facts, ((LEFT_FACING, "right", "left", 20.0),), "On neither side")
    if re.search(r"\b(?:look|gaz|star)\w*|\bface\b|\beyes\b", text) or part.noun in ("head", "neck"):
        if re.search(r"\b(?:tilt|tipp|cock)\w*", text):
            return _signed(facts, ((HEAD_TILT, "left", "right", 8.0),), "Not to any side")
        turn, gaze = (HEAD_TURN, "left", "right", 15.0), (GAZE, "up", "down", 20.0)
        only_turn = re.search(r"\b(?:turned|rotated|twisted)\b", text)
        return _signed(facts, (turn,) if only_turn else (turn, gaze), "Straight ahead")
    if re.search(r"\b(?:twist|turn|rotat)\w*", text) and part.noun in (
        BODY,
        "torso",
        "shoulder",
        "hips",
        "back",
        "chest",
    ):
        return _signed(facts, ((TWIST, "left", "right", 6.0),), "Neither")
    if re.search(r"\b(?:lean|tilt|bent|bend|inclin|tipp)\w*", text) and part.noun in (
        BODY,
        "torso",
        "back",
        "hips",
        "chest",
    ):
        rows = ((TORSO_PITCH, "forward", "backward", 8.0), (TORSO_LEAN, "left", "right", 8.0))
        if re.search(r"\bside\b", text):
            rows = ((TORSO_LEAN, "left", "right", 3.0),)
        return _signed(facts, rows, "It is upright")
    if part.noun in ("foot", "toes") and re.search(r"\b(?:turn|point|fac)\w*", text):
        return _signed(
            facts, ((special(f"{part.side or 'left'} foot turnout"), "outward", "inward", 8.0),), "Straight ahead"
        )
    return pointing(facts, part)


def _signed(facts: PoseFacts, rows: Sequence[tuple], nothing: str) -> Chosen:
    readings = [(facts.read(measure), plus, minus, least) for measure, plus, minus, least in rows]
    readings.sort(key=lambda row: -abs(row[0].value) / row[3])
    ways = [
        plus if reading.value > 0 else minus for reading, plus, minus, least in readings if abs(reading.value) >= least
    ]
    told = "; ".join(tell(row[0]) for row in readings)
    sure = all(abs(abs(row[0].value) - row[3]) >= 3 for row in readings)
    return Chosen(" and ".join(ways).capitalize() if ways else nothing, told, readings[0][0].measure, sure)


def _palm(facts: PoseFacts, part: Part) -> Chosen:
    side = part.side or "left"
    up = facts.read(special(f"{side} palm elevation", rotations=True))
    front = facts.read(special(f"{side} palm to front", rotations=True))
    middle = facts.read(special(f"{side} palm to middle", rotations=True))
    angles = {"up": 90 - up.value, "down": 90 + up.value, "forward": front.value, "backward": 180 - front.value,
              "inward": middle.value, "outward": 180 - middle.value}  # fmt: skip
    best = min(angles, key=lambda name: angles[name])
    told = f"the {side} palm is {round(angles[best])}° from facing {best}"
    return Chosen(best.capitalize(), told, f"{side} palm", angles[best] < 40)


def pointing(facts: PoseFacts, part: Part) -> Chosen | None:
    """The nearest of six directions to a limb's: up and down are the world's, the others the trunk's."""
    direction = facts.direction(part)
    if direction is None:
        return None
    frame = facts.frame("hip" if part.noun in ("leg", "thigh", "shin", "foot", "toes") else "chest")
    axes = {"up": np.array([0, 1.0, 0]), "down": np.array([0, -1.0, 0]), "forward": frame[2], "backward": -frame[2],
            "left": frame[0], "right": -frame[0]}  # fmt: skip
    angles = {name: facts.angle_between(direction, axis) for name, axis in axes.items()}
    order = sorted(angles, key=lambda name: angles[name])
    best = order[0]
    word = "to the " + best if best in ("left", "right") else best
    also = f" and {order[1]}" if angles[order[1]] < 55 else ""
    told = f"the {part.name} is {round(angles[best])}° from pointing {word}"
    return Chosen(f"{word}{also}".capitalize(), told, f"{part.name} direction", angles[order[1]] - angles[best] > 10)


# --- parts told apart by what they do --------------------------------------------------------------------------------

_TOLD_APART = re.compile(
    r"\b(?:the )?(?P<how>raised|lifted|upper|top|higher|highest|lower|lowest|bottom|bent|straight|"
    r"straighter|extended|front|forward|"
    r"leading|back|rear|hind|trailing|standing|supporting|free|planted|kicking|waving|saluting)(?P<most>most)? "
    r"(?P<noun>hand|arm|foot|leg|knee|elbow)\b"
)
_MEANT = {"free": "raised", "kicking": "raised", "waving": "raised", "saluting": "raised", "bottom": "lower",
          "upper": "higher", "top": "higher", "planted": "standing", "supporting": "standing"}  # fmt: skip


def told_apart(text: str, facts: PoseFacts) -> str:
    """A plain question with "the raised hand" as "the left hand", if that is the one."""
    if asks_side(text, ()):
        return text

    if re.match(r"(?:is|was) (?:not )?the (?:left|right) \w+ the\b", text):
        return text

    def side(match: re.Match[str]) -> str:
        how, noun = match["how"], match["noun"]
        if (how in ("upper", "lower") and noun in ("arm", "leg")) or not match[0].startswith("the "):
            return match[0]
        compared = comparison_of(_MEANT.get(how, how))
        if compared is None:
            return match[0]
        chosen = _best(facts, compared, (Part(noun, "left"), Part(noun, "right")), "")
        return (
            match[0] if chosen is None or chosen.word not in ("Left", "Right") else f"the {chosen.word.lower()} {noun}"
        )

    return _TOLD_APART.sub(side, text)
