"""Two or three poses: what differs, how to get from one to the other, which has more of something, which fits."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from chatpose.corpus.instructions.bank import KINDS, PoseBank
from chatpose.corpus.instructions.chance import below, one, shuffled, yes
from chatpose.corpus.instructions.compare_words import (
    ALIKE,
    DIFFERENCE,
    MIRRORED,
    MIRRORED_ASK,
    MORE_OF_THREE,
    MORE_OF_TWO,
    NEITHER,
    NO_CLEAR,
    ONLY,
    REVERSE,
    SAME_ASK,
    TOLD_DIFFERENCE,
    WHERE,
    WHICH_POSE,
)
from chatpose.corpus.instructions.context_words import in_context
from chatpose.corpus.instructions.messages import Part
from chatpose.corpus.instructions.pieces import Piece
from chatpose.corpus.instructions.posecode_words import code_words
from chatpose.corpus.instructions.questions import deniable
from chatpose.corpus.instructions.task import ToldTask
from chatpose.corpus.instructions.told import Claim, Differs, Draft, Holds, More, Reads, Told
from chatpose.corpus.instructions.wording import as_typed, capital, listed

LABELS = ("Pose 1", "Pose 2", "Pose 3")


@dataclass(frozen=True)
class Comparison:
    """A measure by which poses are compared.

    Attributes:
        measure: with `{s}` for either side.
        least: difference that is told.
        larger: what is asked for: "the {s} knee straighter".
        smaller: the opposite.
    """

    measure: str
    least: float
    larger: str
    smaller: str


COMPARISONS: tuple[Comparison, ...] = (
    Comparison("{s} knee angle", 12, "the {s} knee straighter", "the {s} knee more bent"),
    Comparison("{s} elbow angle", 12, "the {s} elbow straighter", "the {s} elbow more bent"),
    Comparison("{s} hip angle", 12, "the {s} hip more open", "the {s} hip more folded"),
    Comparison("{s} armpit angle", 12, "the {s} arm further from the trunk", "the {s} arm closer to the trunk"),
    Comparison("torso tilt", 10, "the trunk further from upright", "the trunk more upright"),
    Comparison("left hand to right hand distance", 0.12, "the hands wider apart", "the hands closer together"),
    Comparison("left foot to right foot distance", 0.12, "the feet wider apart", "the feet closer together"),
    Comparison("{s} hand height", 0.12, "the {s} hand higher above the floor", "the {s} hand closer to the floor"),
    Comparison("{s} foot height", 0.1, "the {s} foot higher above the floor", "the {s} foot closer to the floor"),
    Comparison("head height", 0.1, "the head higher above the floor", "the head lower"),
    Comparison("pelvis height", 0.1, "the hips higher", "the hips lower"),
    Comparison(
        "{s} hand to head distance", 0.12, "the {s} hand further from the head", "the {s} hand nearer to the head"
    ),
)


def more_of(bank: PoseBank, rows: Sequence[int], rng: Random) -> Piece | None:
    """Such as: In which of the poses is the left knee more bent?"""
    what = one(rng, COMPARISONS)
    measure = what.measure.replace("{s}", one(rng, ("left", "right")))
    values = [bank.value(row, measure) for row in rows]
    if any(map(math.isnan, values)):
        return None
    up = yes(rng, 0.5)
    side = measure.split(" ", 1)[0]
    words = (what.larger if up else what.smaller).replace("{s}", side)
    ask = (MORE_OF_TWO if len(rows) == 2 else MORE_OF_THREE).say(rng, what=words)
    order = sorted(range(len(rows)), key=lambda place: values[place], reverse=up)
    gap = abs(values[order[0]] - values[order[1]])
    scale, unit, mark = (100, "cm", " cm") if what.least < 1 else (1, "°", "°")
    shown = [round(scale * value) for value in values]
    reads = tuple(Reads(row, measure, value, unit) for row, value in zip(rows, shown, strict=True))
    numbers = listed([f"{value}{mark} in pose {number}" for number, value in enumerate(shown, 1)])
    if gap < what.least:
        if gap > what.least / 2 or len(rows) > 2:
            return None
        first, second = (rows[0], rows[1]) if values[0] >= values[1] else (rows[1], rows[0])
        even = (More(first, measure, second, measure, -1e-4), More(second, measure, first, measure, -what.least))
        return Piece(ask, f"{NO_CLEAR.say(rng)} {capital(numbers)}.", (*even, *reads))
    best = order[0]
    claims: list[Claim] = []
    for place in order[1:]:
        pair = (rows[best], rows[place]) if up else (rows[place], rows[best])
        claims.append(More(pair[0], measure, pair[1], measure, what.least * 0.999))
    answer = f"(In p|P)ose {best + 1}".replace("(In p|P)", one(rng, ("In p", "P")))
    if yes(rng, 0.7):
        return Piece(ask, f"{answer}: {numbers}.", (*claims, *reads))
    return Piece(ask, f"{answer}.", tuple(claims))


def which_pose(bank: PoseBank, rows: Sequence[int], rng: Random) -> Piece | None:
    """Such as: Which of them is kneeling?: one, several or none."""
    held = bank.held(one(rng, rows))
    if not held:
        return None
    name = bank.head.codes[one(rng, held)]
    if yes(rng, 0.15):
        name = one(rng, bank.head.codes)
    words = code_words()[name]
    if words.code.family == "aligned":
        return None
    state = [1 if bank.holds(row, name) else -1 if deniable(bank, row, name) else 0 for row in rows]
    if 0 in state:
        return None
    what = words.after_with(rng) if words.code.family == "posture" else f"with {words.after_with(rng)}"
    ask = (WHICH_POSE if words.code.family == "posture" else WHERE).say(rng, what=what, told=words.told(rng))
    chosen = [number for number, value in enumerate(state, 1) if value == 1]
    claims = tuple(Holds(row, name, value == 1) for row, value in zip(rows, state, strict=True))
    if not chosen:
        return Piece(ask, NEITHER.say(rng), claims)
    if len(chosen) == len(rows):
        return Piece(ask, one(rng, ("All of them." if len(rows) > 2 else "Both.", "Each of them.")), claims)
    poses = listed([f"pose {number}" for number in chosen])
    return Piece(ask, ONLY.say(rng, poses=poses, Poses=capital(poses)), claims)


class ComparePoses(ToldTask):
    """Two poses and what differs, or two or three and a question."""

    name = "compare"

    def tell(self, bank: PoseBank, rng: Random) -> Told:
        """A conversation with its claims."""
        if "pair" in bank.changed and yes(rng, 0.55):
            return self._difference(bank, rng)
        for _ in range(8):
            count = 2 if yes(rng, 0.65) else 3
            rows = self._rows(bank, rng, count)
            maker = more_of if yes(rng, 0.55) else which_pose
            piece = maker(bank, rows, rng) if len(set(rows)) == count else None
            if piece is not None:
                return self._asked(bank, rows, piece, rng)
        return self._same(bank, rng)

    def _rows(self, bank: PoseBank, rng: Random, count: int) -> tuple[int, ...]:
        """Poses, at times of one family."""
        first = bank.any_pose.draw(rng)
        if count == 2 and yes(rng, 0.3) and first in bank.changes_from:
            change = bank.change(one(rng, bank.changes_from[first]))
            return (first, change.after) if yes(rng, 0.5) else (change.after, first)
        return (first, *(bank.any_pose.draw(rng) for _ in range(count - 1)))

    def _asked(self, bank: PoseBank, rows: tuple[int, ...], piece: Piece, rng: Random) -> Told:
        draft = Draft(bank, self.name)
        poses: list[Part | str] = []
        for label, row in zip(LABELS, rows, strict=False):
            poses += [f"{label}:", draft.bring(row, rng)]
        text = as_typed(rng, capital(piece.question))
        draft.user(*([*poses, text] if yes(rng, 0.7) else [text, *poses]))
        return draft.assistant(piece.answer).claim(*piece.claims).told()

    def _difference(self, bank: PoseBank, rng: Random) -> Told:
        kinds = [kind for kind in KINDS if kind in bank.changed and kind not in ("blend",)]
        kind = "pair" if yes(rng, 0.6) else one(rng, kinds)
        change = bank.change(bank.changed[kind].draw(rng))
        if kind == "mirror":
            return self._mirrored(bank, change.before, change.after, rng)
        there, back = change.text("difference"), change.text("reverse")
        if not there and not back:
            return self._same(bank, rng)
        forward = bool(there) and (not back or yes(rng, 0.75))
        text = one(rng, there if forward else back)
        first, second = (change.before, change.after)
        draft = Draft(bank, self.name)
        ask = DIFFERENCE if forward or yes(rng, 0.3) else REVERSE
        if not forward and ask is DIFFERENCE:  # the pose that the instructions begin with is shown first
            first, second = second, first
        a, b = draft.bring(first, rng), draft.bring(second, rng)
        question = as_typed(rng, in_context(rng, ask.say(rng)))
        labelled = yes(rng, 0.6) or ask is REVERSE
        poses: list[Part | str] = ["Pose 1:", a, "Pose 2:", b] if labelled else [a, b]
        draft.user(*([*poses, question] if yes(rng, 0.7) else [question, *poses]))
        start, end = (change.before, change.after) if forward else (change.after, change.before)
        draft.claim(Differs(start, end, text))
        return draft.assistant(f"{TOLD_DIFFERENCE.say(rng)} {text}".strip()).told()

    def _mirrored(self, bank: PoseBank, first: int, second: int, rng: Random) -> Told:
        draft = Draft(bank, self.name)
        draft.user(
            "Pose 1:",
            draft.bring(first, rng),
            "Pose 2:",
            draft.pose(second, (), first, True),
            as_typed(rng, MIRRORED_ASK.say(rng)),
        )
        return draft.assistant(MIRRORED.say(rng)).told()

    def _same(self, bank: PoseBank, rng: Random) -> Told:
        draft = Draft(bank, self.name)
        row = bank.any_pose.draw(rng)
        draft.user("Pose 1:", draft.bring(row, rng), "Pose 2:", draft.bring(row, rng), as_typed(rng, SAME_ASK.say(rng)))
        return draft.assistant(ALIKE.say(rng)).told()


class PickPose(ToldTask):
    """A description and several poses: which one is meant."""

    name = "pick"

    def tell(self, bank: PoseBank, rng: Random) -> Told:
        """A conversation with its claims: the words hold of one pose, and something of them fails of the others."""
        for _ in range(12):
            row = bank.any_pose.draw(rng)
            said = bank.describe(row, one(rng, ("short", "spoken", "plain")), rng)
            if said is None or not said.lines:
                continue
            others = self._others(bank, rng, said.lines)
            if len(others) < 2:
                continue
            rows = shuffled(rng, [row, *others[: 1 + below(rng, 2)]])
            return self._told(bank, rng, row, rows, said.text, said.lines)
        return ComparePoses().tell(bank, rng)

    def _others(self, bank: PoseBank, rng: Random, lines: tuple[str, ...]) -> list[int]:
        drawn = dict.fromkeys(bank.any_pose.draw(rng) for _ in range(6))
        return [other for other in drawn if any(deniable(bank, other, line) for line in lines)]

    def _told(self, bank: PoseBank, rng: Random, row: int, rows: list[int], text: str, lines: tuple[str, ...]) -> Told:
        draft = Draft(bank, self.name)
        ask = one(rng, ("Which pose is this: {}", "Which of these fits? {}", "{} Which one is meant?", 
                        "Find this one: {}",
                        "I'm looking for this one. {}", "Which of the poses matches? {}"))  # fmt: skip
        parts: list[Part | str] = []
        for label, each in zip(LABELS, rows, strict=False):
            parts += [f"{label}:", draft.bring(each, rng)]
        draft.user(*parts, as_typed(rng, ask.format(text)))
        number = rows.index(row) + 1
        claims: list[Claim] = [Holds(row, line) for line in lines]
        reasons, why = list[str](), yes(rng, 0.7)
        for place, other in enumerate(rows, 1):
            if other != row:
                failing = one(rng, [line for line in lines if deniable(bank, other, line)])
                denied = code_words()[failing].denied(rng)
                claims.append(Holds(other, failing, False, denied if why else ""))
                reasons.append(f"in pose {place} {denied}")
        told = f" {capital(' and '.join(reasons))}." if why else ""
        return draft.assistant(f"Pose {number}.{told}").claim(*claims).told()
