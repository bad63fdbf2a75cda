"""Questions about one pose with their answers, measured beforehand: yes or no, which side, how many degrees, where."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from chatpose.corpus.instructions.bank import PoseBank
from chatpose.corpus.instructions.chance import below, one, some, yes
from chatpose.corpus.instructions.pieces import Piece, caption_of, holds_all
from chatpose.corpus.instructions.posecode_words import CodeWords, code_words, kin_of
from chatpose.corpus.instructions.question_words import (
    ABOUT,
    APART,
    DEGREES,
    DEGREES_TOLD,
    DISTANCE_TOLD,
    FLOOR,
    FLOOR_TOLD,
    NO,
    NOT_SO,
    POSTURE,
    POSTURE_TOLD,
    PREMISE,
    SAME,
    UNANSWERABLE,
    WHICH,
    YES,
)
from chatpose.corpus.instructions.told import Claim, Holds, More, Reads
from chatpose.corpus.instructions.wording import capital, listed, sentence
from chatpose.posecodes.posecode import Posecode

SIDES = ("left", "right")
OTHER = {"left": "right", "right": "left"}


def yes_no(bank: PoseBank, row: int, rng: Random) -> Piece | None:
    """Such as: Is the left knee straight?, as often yes as no; a no says what is so instead."""
    words, holds = _code(bank, row, rng)
    if words is None:
        return None
    ask = words.tag_question(rng) if yes(rng, 0.2) else words.question(rng)
    if holds:
        told = words.told(rng)
        answer = YES.say(rng, told=told, Told=capital(told))
        return Piece(ask, answer, (Holds(row, words.code.name, True, told if told in answer.lower() else ""),))
    denied = words.denied(rng)
    instead, claims = _instead(bank, row, words, rng)
    answer = NO.say(rng, denied=denied, Denied=capital(denied))
    claim = Holds(row, words.code.name, False, denied if denied in answer.lower() else "")
    return Piece(ask, f"{answer} {instead}".strip(), (claim, *claims))


def premise(bank: PoseBank, row: int, rng: Random) -> Piece | None:
    """A question that takes for granted what isn't so; the answer says so gently."""
    words, holds = _code(bank, row, rng, wrong=1.0)
    if words is None or holds:
        return None
    denied = words.denied(rng)
    instead, claims = _instead(bank, row, words, rng)
    ask = words.why(rng) if yes(rng, 0.5) else PREMISE.say(rng, told=words.told(rng))
    answer = NOT_SO.say(rng, denied=denied, Denied=capital(denied))
    return Piece(capital(ask), f"{answer} {instead}".strip(), (Holds(row, words.code.name, False, denied), *claims))


_SELDOM = frozenset(("aligned",))
_FAR, _FAR_M = 12.0, 0.1
"""By how much a statement misses at least that is denied, degrees and metres."""
_SIMILAR: tuple[tuple[str, ...], ...] = (
    ("kneeling", "on all fours", "squatting"),
    ("standing", "lunging", "bending", "arching", "squatting"),
    ("sitting", "squatting", "kneeling", "lying"),
    ("lying", "in a plank", "on all fours"),
)
"""Beginnings of postures that people may call by each other's names: none is denied while another one holds."""


def deniable(bank: PoseBank, row: int, name: str) -> bool:
    """Whether a statement clearly fails, and nothing holds that somebody might call the same."""
    code = code_words()[name].code
    if not bank.fails(row, name) or not _far(bank, row, code):
        return False
    if code.family == "limbs":
        near = name.replace(": on hip", f": near {name.split(' ')[0]} hip")
        return near == name or bank.fails(row, near)
    if code.family != "posture":
        return True
    groups = [group for group in _SIMILAR if name.startswith(group)]
    others = [other for other, words in code_words().items() if words.code.family == "posture" and other != name]
    return not any(
        bank.state[row, bank.code_number[other]] != -1
        for other in others
        for group in groups
        if other.startswith(group)
    )


def _code(bank: PoseBank, row: int, rng: Random, wrong: float = 0.5) -> tuple[CodeWords | None, bool]:
    """A posecode that clearly holds or clearly fails; what fails is mostly near to something that holds."""
    held = bank.held(row)
    if not held:
        return None, False
    codes, words = bank.head.codes, code_words()
    for _ in range(6):
        first = codes[one(rng, held)]
        if words[first].code.family in _SELDOM and yes(rng, 0.9):
            continue
        if not yes(rng, wrong):
            return words[first], True
        others = kin_of(first)
        failing = [name for name in others.names if deniable(bank, row, name)]
        if yes(rng, 0.25) or not failing:
            name = codes[below(rng, len(codes))]
            failing = [name] if words[name].code.family not in _SELDOM and deniable(bank, row, name) else []
        if failing:
            return words[one(rng, failing)], False
    return None, False


def _far(bank: PoseBank, row: int, code: Posecode) -> bool:
    """Whether a statement misses by so much that nobody would argue, as far as the bank knows the number."""
    (condition, *more) = code.conditions or (None, None)
    if condition is None or more or condition.measure.name not in bank.measure_number:
        return True
    value = bank.value(row, condition.measure.name)
    return max(condition.low - value, value - condition.high) >= (_FAR_M if condition.measure.unit == "m" else _FAR)


def _instead(bank: PoseBank, row: int, words: CodeWords, rng: Random) -> tuple[str, tuple[Claim, ...]]:
    """What is so instead: something of the same part and kind, the number, or what else is said of the pose."""
    held = [name for name in kin_of(words.code.name).names if bank.holds(row, name)]
    (condition, *more) = words.code.alternatives[0]
    number, reads = "", tuple[Claim, ...]()
    if not more and condition.measure.kind == "angle" and condition.measure.name in bank.measure_number:
        number, reads = _number(bank, row, condition.measure.name)
    if held:
        told = code_words()[one(rng, held)]
        text = told.told(rng)
        if not number or yes(rng, 0.4):
            return sentence(text), (Holds(row, told.code.name, True, text),)
        return f"{capital(text)}, at {number}.", (Holds(row, told.code.name, True, text), *reads)
    if number:
        return f"It's at {number}.", reads
    said = caption_of(bank, row, rng, "short") if yes(rng, 0.4) else None
    return (said.text, holds_all(row, said)) if said and said.lines else ("", ())


def _number(bank: PoseBank, row: int, measure: str) -> tuple[str, tuple[Claim, ...]]:
    value = bank.value(row, measure)
    if math.isnan(value):
        return "", ()
    return f"about {round(value)}°", (Reads(row, measure, round(value), "°"),)


# --- numbers ----------------------------------------------------------------------------------------------------------


def degrees(bank: PoseBank, row: int, rng: Random) -> Piece | None:
    """Such as: How far is the left knee bent?"""
    kind = one(rng, tuple(DEGREES))
    side = one(rng, SIDES)
    measure = kind.replace("{s}", side)
    value = bank.value(row, measure)
    if math.isnan(value):
        return None
    shown = round(value)
    slots = {"s": side, "n": str(shown), "bent": str(180 - shown), "more": str(abs(shown))}
    told = DEGREES_TOLD[kind]
    way = told(shown) if callable(told) else told
    text = way.say(rng, **slots)
    if abs(shown) < 3 and "{more}" in way.texts[0]:
        return None
    return Piece(capital(DEGREES[kind].say(rng, s=side)), capital(text), (Reads(row, measure, shown, "°"),))


def distance(bank: PoseBank, row: int, rng: Random) -> Piece | None:
    """Such as: How far apart are the hands?"""
    part, plural = one(rng, (("hand", "hands"), ("foot", "feet"), ("knee", "knees"), ("elbow", "elbows")))
    measure = f"left {part} to right {part} distance"
    value = bank.value(row, measure)
    if math.isnan(value):
        return None
    shown = round(100 * value)
    text = DISTANCE_TOLD.say(rng, parts=plural, n=str(shown))
    return Piece(APART.say(rng, parts=plural), text, (Reads(row, measure, shown, "cm"),))


@dataclass(frozen=True)
class Side:
    """A measure of both sides that people compare.

    Attributes:
        measure: with `{s}`; of a difference of both sides with `{o}` too.
        least: difference that is told, in the measure's unit.
        part: what is compared.
        larger: word for the side with the larger measure.
        smaller: word for the other one.
    """

    measure: str
    least: float
    part: str
    larger: str
    smaller: str


COMPARED: tuple[Side, ...] = (
    Side("{s} knee angle", 12, "knee", "straighter", "more bent"),
    Side("{s} elbow angle", 12, "elbow", "straighter", "more bent"),
    Side("{s} hip angle", 12, "hip", "more open", "more folded"),
    Side("{s} hand above {o} hand", 0.1, "hand", "higher", "lower"),
    Side("{s} elbow above {o} elbow", 0.1, "elbow", "higher", "lower"),
    Side("{s} foot above {o} foot", 0.08, "foot", "higher", "lower"),
    Side("{s} knee above {o} knee", 0.1, "knee", "higher", "lower"),
    Side("{s} shoulder above {o} shoulder", 0.06, "shoulder", "higher", "lower"),
    Side("{s} hand in front of {o} hand", 0.1, "hand", "further forward", "further back"),
    Side("{s} foot in front of {o} foot", 0.1, "foot", "further forward", "further back"),
    Side("{s} knee in front of {o} knee", 0.1, "knee", "further forward", "further back"),
    Side("{s} armpit angle", 12, "arm", "lifted further from the body", "closer to the body"),
    Side("{s} hand to head distance", 0.12, "hand", "further from the head", "closer to the head"),
)


def which_side(bank: PoseBank, row: int, rng: Random) -> Piece | None:
    """Such as: Which knee is more bent?"""
    what = one(rng, COMPARED)
    both = "{o}" in what.measure
    left, right = (what.measure.format(s=side, o=OTHER[side]) for side in SIDES)
    first = bank.value(row, left)
    second = 0.0 if both else bank.value(row, right)
    gap = first - second
    if math.isnan(gap):
        return None
    upward = yes(rng, 0.5)
    word = what.larger if upward else what.smaller
    ask = capital(WHICH.say(rng, part=what.part, parts=_plural(what.part), word=word))
    if abs(gap) < what.least:
        if abs(gap) > what.least / 2:
            return None
        even = _even(row, left, right, gap, what, both)
        return Piece(ask, SAME.say(rng, part=what.part, parts=_plural(what.part), word=word), even)
    larger = "left" if gap > 0 else "right"
    side = larger if upward else OTHER[larger]
    numbers, claims = _side_numbers(bank, row, what, side, gap) if yes(rng, 0.7) else ("", ())
    text = one(rng, ("The {s} one{n}.", "The {s} {p}{n}.", "The {s} {p} is {w}{n}.", "{S}{n}.", "It's the {s} one{n}."))
    told = text.format(s=side, S=capital(side), p=what.part, w=word, n=numbers)
    more = (left, right) if larger == "left" else (right, left)
    claim = More(row, more[0], row, more[1], what.least * (2 if both else 1) * 0.999)
    return Piece(ask, told, (claim, *claims))


def _even(row: int, left: str, right: str, gap: float, what: Side, both: bool) -> tuple[Claim, ...]:
    scale = 2 if both else 1
    one_, two = (left, right) if gap >= 0 else (right, left)
    return (More(row, one_, row, two, -1e-4), More(row, two, row, one_, -what.least * scale))


def _side_numbers(bank: PoseBank, row: int, what: Side, side: str, gap: float) -> tuple[str, tuple[Claim, ...]]:
    if "{o}" in what.measure:
        measure = what.measure.format(s="left", o="right")
        shown = round(100 * gap)
        return f", by about {abs(shown)} cm", (Reads(row, measure, shown, "cm"),)
    names = [what.measure.format(s=one_) for one_ in (side, OTHER[side])]
    values = [bank.value(row, name) for name in names]
    if any(map(math.isnan, values)):
        return "", ()
    scale, unit, mark = (100, "cm", " cm") if "distance" in what.measure else (1, "°", "°")
    shown = [round(scale * value) for value in values]
    claims = tuple(Reads(row, name, value, unit) for name, value in zip(names, shown, strict=True))
    return f" ({shown[0]}{mark} against {shown[1]}{mark})", claims


def _plural(part: str) -> str:
    return {"foot": "feet"}.get(part, f"{part}s")


# --- floor, posture, parts --------------------------------------------------------------------------------------------


_RESTS = ("foot", "knee", "hand", "elbow", "shoulder")


def on_floor(bank: PoseBank, row: int, rng: Random) -> Piece | None:
    """Such as: What touches the floor?: all that rests on it, told only where nothing is in doubt."""
    names = [f"{side} {part}" for part in _RESTS for side in SIDES] + ["pelvis", "head"]
    state = {name: bank.state[row, bank.code_number[f"{name}: on ground"]] for name in names}
    if any(value == 0 for value in state.values()) or not any(value == 1 for value in state.values()):
        return None
    down = [name for name in names if state[name] == 1]
    words: list[str] = []
    for part in _RESTS:
        sides = [side for side in SIDES if f"{side} {part}" in down]
        words += [f"both {_plural(part)}"] if len(sides) == 2 else [f"the {side} {part}" for side in sides]
    words += [f"the {name}" if name != "pelvis" else "the seat or hips" for name in ("pelvis", "head") if name in down]
    claims = tuple(Holds(row, f"{name}: on ground", name in down) for name in names)
    if yes(rng, 0.4):
        name = one(rng, [*names[:6], "head"])
        ask = one(rng, (f"Is the {name} on the floor?", f"Does the {name} touch the ground?", f"Is the {name} down?"))
        rest = capital(FLOOR_TOLD.say(rng, what=listed(words)))
        if name in down:
            return Piece(ask, f"Yes. {rest}" if yes(rng, 0.5) else "Yes, it is.", claims)
        return Piece(ask, f"No. {rest}" if yes(rng, 0.7) else f"No, the {name} is off the floor.", claims)
    return Piece(FLOOR.say(rng), capital(FLOOR_TOLD.say(rng, what=listed(words))), claims)


def posture(bank: PoseBank, row: int, rng: Random) -> Piece | None:
    """Such as: Sitting or standing?"""
    names = [name for name, words in code_words().items() if words.code.family == "posture"]
    basic = [name for name in names if not name.startswith(("bending", "arching", "twisting"))]
    held = [name for name in names if bank.holds(row, name)]
    if not set(held) & set(basic):
        return None
    # "Standing" says nothing new of who stands on one leg.
    held = [name for name in held if name != "standing" or not any(other.startswith("standing on") for other in held)]
    failing = [name for name in basic if deniable(bank, row, name)]
    told = listed([code_words()[name].after_with(rng) for name in held])
    claims = tuple(Holds(row, name) for name in held)
    if failing and yes(rng, 0.5):
        name = one(rng, [name for name in held if name in basic])
        other, told = one(rng, failing), code_words()[name].after_with(rng)
        claims = (Holds(row, name, True, told),)
        pair = [told, code_words()[other].after_with(rng)]
        if yes(rng, 0.5):
            pair.reverse()
        ask = one(rng, ("{} or {}?", "Is the person {} or {}?", "Would you call that {} or {}?")).format(*pair)
        return Piece(capital(ask), POSTURE_TOLD.say(rng, what=told), (*claims, Holds(row, other, False)))
    return Piece(POSTURE.say(rng), POSTURE_TOLD.say(rng, what=told), claims)


def part(bank: PoseBank, row: int, rng: Random) -> Piece | None:
    """Such as: What is the left arm doing?"""
    region = one(rng, ("head", "trunk", "left arm", "right arm", "left leg", "right leg"))
    said = bank.describe(row, region, rng)
    if said is None:
        return None
    ask = ABOUT.say(rng, what={"trunk": one(rng, ("trunk", "upper body", "torso", "back"))}.get(region, region))
    return Piece(ask, said.text, holds_all(row, said))


def unanswerable(bank: PoseBank, row: int, rng: Random) -> Piece:
    """What no pose tells: the answer says so and offers what can be told."""
    asks, answers = one(rng, UNANSWERABLE)
    ask = one(rng, asks)
    said = caption_of(bank, row, rng, "short")
    answer = one(rng, answers)
    if said.lines and yes(rng, 0.6):
        offer = one(rng, ("What I can say:", "What I do see:", "What can be measured:", "The pose itself:"))
        return Piece(ask, f"{answer} {offer} {said.text}", holds_all(row, said))
    return Piece(ask, answer, ())


def several(bank: PoseBank, row: int, rng: Random) -> Piece | None:
    """Two or three yes-or-no questions at once, answered in order."""
    pieces = [piece for piece in (yes_no(bank, row, rng) for _ in range(3)) if piece is not None]
    if len(pieces) < 2:
        return None
    pieces = some(rng, pieces, 2 + below(rng, 2))
    questions = [f"{number}) {piece.question}" for number, piece in enumerate(pieces, 1)]
    answers = [f"{number}) {piece.answer}" for number, piece in enumerate(pieces, 1)]
    return Piece(" ".join(questions), "\n".join(answers), tuple(claim for piece in pieces for claim in piece.claims))


Maker = Callable[[PoseBank, int, Random], Piece | None]
QUESTIONS: tuple[tuple[Maker, float], ...] = (
    (yes_no, 0.32), (which_side, 0.14), (degrees, 0.14), (distance, 0.05), (on_floor, 0.08), (posture, 0.08),
    (part, 0.09), (premise, 0.06), (several, 0.04),
)  # fmt: skip
"""Makers of questions and their shares."""
_TOTAL = sum(share for _, share in QUESTIONS)


def question(bank: PoseBank, row: int, rng: Random) -> Piece:
    """A question about a pose that the pose answers; what can't be asked of it is drawn again."""
    for _ in range(12):
        draw = rng.random() * _TOTAL
        for maker, share in QUESTIONS:
            draw -= share
            if draw < 0:
                piece = maker(bank, row, rng)
                if piece is not None:
                    return piece
                break
    return unanswerable(bank, row, rng)
