"""The difference of two poses as instructions: how to get from pose A to pose B, in the manner of PoseFix.

    >>> difference(a, b).text                                                     # doctest: +SKIP
    'Raise your left arm out to the side until it is horizontal. Then bend your right knee slightly.'

Every instruction is made from a measured change and carries it: a direction word agrees with the sign of the change,
an "until" with a posecode that holds in B and not in A. What a joint does is said at that joint and not again where it
carries others; what both sides do alike is said once.

What the words mean: *raise* and *lower* are the world's up and down; *forward*, *back*, *outwards* and *inwards* are
the chest's for arms and the hips' for legs, and of thighs and upper arms they mean the far end against the near one;
*turn your whole body* is about the vertical, seen from above; feet that *step* go against the hips.
"""

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from chatpose.errors import InvalidPoseError
from chatpose.posecodes.check import format_value
from chatpose.posecodes.definitions import posecodes_by_name
from chatpose.posecodes.difference_limbs import (
    arm_moves,
    feet_moves,
    hands_moves,
    hips_moves,
    leg_moves,
    legs_crossed,
)
from chatpose.posecodes.difference_moves import (
    PLAIN,
    SLIGHT,
    Move,
    head_moves,
    posture_after,
    posture_moves,
    trunk_moves,
    turn_moves,
)
from chatpose.posecodes.difference_values import BONES, GAPS, SIDES, Change, Pair, pair_values
from chatpose.posecodes.difference_words import Chooser, clause, sentences
from chatpose.posecodes.points import PosePoints
from chatpose.posecodes.posecode import Posecode

MOST_INSTRUCTIONS = 14
"""The smallest changes beyond this many are left out."""
SAME_DEG = 1.0
"""Changes up to which two poses are called the same."""
ALIKE = 25.0
"""Degrees up to which the two sides' changes may differ and still be said together."""


@dataclass(frozen=True)
class Instruction:
    """One thing to do.

    Attributes:
        text: an imperative clause, without capital or full stop.
        parts: the body parts that move.
        changes: the measures behind it, the deciding one first, with their values in A and in B.
        gained: statements about these parts that hold in B and not in A.
        action: its kind, side-neutral ("raise", "bend", …).
    """

    text: str
    parts: tuple[str, ...]
    changes: tuple[Change, ...]
    gained: tuple[str, ...]
    action: str

    def as_json(self) -> dict[str, Any]:
        """The object of `chatpose compare --json`."""
        return {
            "instruction": self.text,
            "parts": list(self.parts),
            "measured": [
                {
                    "measure": change.measure,
                    "from": format_value(change.before, change.unit),
                    "to": format_value(change.after, change.unit),
                }
                for change in self.changes
            ],
            "gained": list(self.gained),
        }


@dataclass(frozen=True)
class Difference:
    """How to get from A to B.

    Attributes:
        text: all instructions as sentences, or that nothing changes.
        instructions: in the order of the text; empty when nothing worth saying changes.
    """

    text: str
    instructions: tuple[Instruction, ...]

    def __str__(self) -> str:
        return self.text


def difference(
    a: PosePoints, b: PosePoints, gaps_a: GAPS | None = None, gaps_b: GAPS | None = None, *, seed: int = 0
) -> Difference:
    """What changes from one pose to another; see `differences`.

    Raises:
        InvalidPoseError: not one pose each.
    """
    if len(a) != 1 or len(b) != 1:
        raise InvalidPoseError(f"{len(a)} and {len(b)} poses", expected="one and one", fix="use differences")
    return differences(a, b, gaps_a, gaps_b, seed=seed)[0]


def differences(
    a: PosePoints, b: PosePoints, gaps_a: GAPS | None = None, gaps_b: GAPS | None = None, *, seed: int = 0
) -> list[Difference]:
    """What changes from each pose of `a` to the one of `b` in the same row.

    Args:
        a: N poses.
        b: N poses.
        gaps_a: of `a`, from `contacts.touch_gaps`; without them nothing is said of touching.
        gaps_b: of `b`.
        seed: chooses the wordings; the same seed gives the same text in every process, and mirrored poses the
            mirrored text.

    Raises:
        InvalidPoseError: other numbers of poses.
    """
    if len(a) != len(b):
        raise InvalidPoseError(f"{len(a)} poses against {len(b)}", expected="as many of both")
    return [_difference(pair, seed) for pair in pair_values(a, b, gaps_a, gaps_b)]


def _difference(pair: Pair, seed: int) -> Difference:
    groups = _groups(pair) if pair.comparable else []
    moves = [move for group in groups for move in group]
    if not moves:
        return Difference(_nothing(pair), ())
    chooser = Chooser(seed, moves)
    clauses = [[clause(move, chooser) for move in group] for group in groups]
    text = sentences(clauses, chooser)
    texts = [words for group in clauses for words in group]
    instructions = tuple(
        Instruction(words, _parts(move), move.changes, gained, move.action)
        for move, words, gained in zip(moves, texts, _gains(pair, moves), strict=True)
    )
    return Difference(text, instructions)


def _groups(pair: Pair) -> list[list[Move]]:
    """Moves by sentence: the whole body, the trunk, then head, arms and legs, the largest change first."""
    posture = posture_after(pair)
    whole = [*turn_moves(pair), *posture_moves(pair, posture)]
    trunk = list(trunk_moves(pair, posture))
    hands = list(hands_moves(pair))
    arms = {side: arm_moves(pair, side) for side in SIDES}
    if hands:
        crossed = hands[0].action == "cross arms"
        arms = {side: [move for move in moves if _beside_hands(move, crossed)] for side, moves in arms.items()}
    legs = {side: leg_moves(pair, side, posture) for side in SIDES}
    feet = [*hips_moves(pair, posture), *feet_moves(pair, posture), *legs_crossed(pair)]
    limbs = [*_paired(arms), hands, *_paired(legs), feet, list(head_moves(pair))]
    limbs = [group for group in limbs if group]
    limbs.sort(key=_order)
    return _limited([group for group in (whole, trunk, *limbs) if group])


def _order(group: list[Move]) -> tuple[int, list[str], float]:
    """Largest first, in steps that rounding errors don't reach; never by side, so that mirrored poses agree."""
    most = max(move.size for move in group)
    return -round(most / 5), [move.action for move in group], -most


def _beside_hands(move: Move, crossed: bool) -> bool:
    """Whether an arm's move is still worth saying when the hands are brought together or the arms crossed."""
    if crossed:
        return move.action in ("raise", "lower") and move.size >= PLAIN
    return move.size >= 1.7 * SLIGHT and not move.target


def _paired(moves: dict[str, list[Move]]) -> list[list[Move]]:
    """Groups of moves: those that both sides make alike, then what is left of each side."""
    left, right = (list(moves[side]) for side in SIDES)
    both = []
    for first in list(left):
        second = next((move for move in right if _alike(first, move)), None)
        if second:
            left.remove(first)
            right.remove(second)
            size = (first.size + second.size) / 2
            changes = (*first.changes, *second.changes)
            both.append(
                dataclasses.replace(first, size=size, sides=SIDES, changes=changes, more=first.more and second.more)
            )
    return [group for group in (both, left, right) if group]


def _alike(first: Move, second: Move) -> bool:
    same = ("action", "family", "part", "toward", "where", "until", "target")
    if any(getattr(first, name) != getattr(second, name) for name in same):
        return False
    return bool(first.until or first.target) or abs(first.size - second.size) <= ALIKE


def _limited(groups: list[list[Move]]) -> list[list[Move]]:
    moves = sorted((move.size for group in groups for move in group), reverse=True)
    if len(moves) <= MOST_INSTRUCTIONS:
        return groups
    least = moves[MOST_INSTRUCTIONS - 1]
    kept = [[move for move in group if move.size >= least or move.family == "turn"] for group in groups]
    return [group for group in kept if group]


def _parts(move: Move) -> tuple[str, ...]:
    if move.family in ("turn", "posture"):
        return ("body",)
    if move.part in ("arms", "hands", "legs", "feet"):
        singular = "foot" if move.part == "feet" else move.part[:-1]
        return tuple(f"{side} {singular}" for side in SIDES)
    return tuple(f"{side} {move.part}" for side in move.sides) or (move.part,)


# Which moves a gained statement is told with, by its subject: parts in order of preference.
_OWNERS: dict[str, tuple[str, ...]] = {
    "arm": ("arm", "upper arm", "elbow", "hand"),
    "upper arm": ("arm", "upper arm"),
    "elbow": ("arm", "upper arm", "elbow"),
    "forearm": ("forearm", "elbow", "arm"),
    "hand": ("hand", "elbow", "forearm", "arm", "upper arm", "hands", "arms"),
    "palm": ("forearm", "arm"),
    "hip": ("leg", "thigh", "knee"),
    "thigh": ("leg", "thigh", "knee"),
    "knee": ("leg", "thigh", "knee"),
    "shin": ("knee", "leg"),
    "foot": ("foot", "leg", "knee", "thigh", "feet"),
    "torso": ("trunk", "chest"),
    "back": ("back", "trunk"),
    "head": ("head", "chin"),
    "gaze": ("chin", "head"),
    "hands": ("hands", "arms", "hand", "arm", "elbow"),
    "elbows": ("arms", "arm", "elbow"),
    "arms": ("arms", "arm", "elbow"),
    "feet": ("feet", "foot", "leg"),
    "knees": ("leg", "knee", "feet"),
    "legs": ("legs", "leg", "knee", "feet"),
}


def _gains(pair: Pair, moves: list[Move]) -> list[tuple[str, ...]]:
    """For each move the statements that hold in B and not in A; each is told once, with the move that brings it.

    Alignments are left out, there are too many.
    """
    codes = posecodes_by_name()
    told: list[list[str]] = [[] for _ in moves]
    for name in pair.gained:
        code = codes[name]
        owner = None if code.family == "aligned" else _owner(moves, code)
        if owner is not None:
            told[owner].append(name)
    return [tuple(names) for names in told]


def _owner(moves: list[Move], code: Posecode) -> int | None:
    if code.subject == "body":
        families = ("posture", "trunk", "leg")
        found = ((families.index(m.family), place) for place, m in enumerate(moves) if m.family in families)
        return min(found, default=(0, None))[1]
    first, _, rest = code.subject.partition(" ")
    side, part = (first, rest) if first in SIDES else ("", code.subject)
    parts = _OWNERS.get(part, ())
    if code.family == "bend":
        parts = (part, *(other for other in parts if other != part))
    found = (
        (parts.index(move.part), code.family == "bend" and move.action not in ("bend", "straighten"), place)
        for place, move in enumerate(moves)
        if move.part in parts and (not side or side in move.sides) and move.family not in ("turn", "posture")
    )
    return min(found, default=(0, False, None))[2]


def _nothing(pair: Pair) -> str:
    """What to say when no change is large enough."""
    found = sorted(_small_changes(pair), key=lambda item: (-round(item[0], 1), item[1]))
    if not found or not pair.comparable:
        return "The poses can't be compared: they have no directions."
    size, part = found[0]
    if size <= SAME_DEG:
        return "Nothing changes."
    if size >= SLIGHT:  # something turns that no instruction speaks of, such as a palm
        return f"Hardly anything changes; what does most is the {part}."
    return f"Only tiny changes, the largest of them at the {part}."


def _small_changes(pair: Pair) -> Iterator[tuple[float, str]]:
    """Every change that is measured, as degrees, with its part."""
    rows = [(f"{side} {joint}", f"{side} {joint} angle") for side in SIDES for joint in ("elbow", "knee", "hip")]
    rows += [("trunk", name) for name in ("torso pitch", "torso lean left", "shoulder twist left", "back curve")]
    rows += [("head", name) for name in ("head turn left", "head nod", "head tilt left")]
    sizes = [(abs(pair.delta(name)), part) for part, name in rows]
    sizes += [(size, bone) for size, bone in zip(pair.swing, BONES, strict=True)]
    sizes += [(abs(pair.delta(f"{side} foot point")), f"{side} foot") for side in SIDES]
    sizes += [(abs(pair.turn), "body"), (pair.trunk_turn, "trunk")]
    return ((size, part) for size, part in sizes if size == size)
