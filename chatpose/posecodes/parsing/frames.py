"""Clauses → readings: whose parts, and what the rules make of them."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from chatpose.posecodes.grammar import Statement, StatementError, parse
from chatpose.posecodes.parsing.clause import Clause
from chatpose.posecodes.parsing.items import Item
from chatpose.posecodes.parsing.normal import Word
from chatpose.posecodes.parsing.reading import Reading, SideOf
from chatpose.posecodes.parsing.rules_arms import arm_rules, palm_rules
from chatpose.posecodes.parsing.rules_bends import bend_rules
from chatpose.posecodes.parsing.rules_hands import hand_rules, held_by_hands
from chatpose.posecodes.parsing.rules_head import head_rules
from chatpose.posecodes.parsing.rules_legs import against_the_other, foot_rules, knee_rules, leg_rules
from chatpose.posecodes.parsing.rules_numbers import near_floor, number_rules
from chatpose.posecodes.parsing.rules_relations import known, relation_rules, weakened
from chatpose.posecodes.parsing.rules_trunk import trunk_rules
from chatpose.posecodes.parsing.said import OTHER, Said
from chatpose.posecodes.parsing.terms import terms

_RULES = {
    "arm": arm_rules, "forearm": arm_rules, "upper arm": arm_rules, "palm": palm_rules,
    "hand": hand_rules, "thumb": hand_rules, "finger": hand_rules, "wrist": hand_rules, "elbow": hand_rules,
    "leg": leg_rules, "thigh": leg_rules, "shin": leg_rules, "hip": leg_rules, "knee": knee_rules,
    "foot": foot_rules, "toe": foot_rules, "heel": foot_rules, "sole": foot_rules, "ankle": foot_rules,
    "head": head_rules, "face": head_rules, "chin": head_rules, "gaze": head_rules, "neck": head_rules,
}  # fmt: skip


@dataclass
class _Memory:
    """Whose side was spoken of last, for ellipsis."""

    sides: tuple[str, ...] = ()
    open: bool = False
    part: str = ""
    legs: str = ""
    front: str = ""
    front_open: bool = False
    some: bool = False
    standing: tuple[str, bool] = ("", False)


def readings_of(
    clauses: Sequence[Clause],
    words: Sequence[Word],
    front: tuple[str, bool] = ("", False),
    postures: tuple[str, ...] = (),
    standing: tuple[str, bool] = ("", False),
) -> Iterator[tuple[Clause, list[Reading]]]:
    """What each clause claims.

    Args:
        clauses: of one text.
        words: of that text.
        front: side of the front leg (of the lower one of who lies on a side), where a posture told it, and whether
            that is open.
        postures: what was read of the whole body.
        standing: side of the leg that is stood or knelt on, where a posture told one, and whether that is open.
    """
    memory = _Memory(front=front[0], front_open=front[1], standing=standing)
    for clause in clauses:
        found: list[Reading] = []
        subjects = clause.subjects or _implied(clause)
        for subject in subjects:
            part, sides, side_of = _sides(_one_each(subject, clause), memory)
            if part in ("face", "head") and subject.side in ("left", "right"):
                clause.features.append(f"ear {subject.side}")
            memory.some = False
            related = _relations(clause, sides, memory)
            said = Said(part, sides, frozenset(clause.features), related, clause, postures)
            lines = _lines(said)
            statements = _statements(_first_of_each(lines) if clause.negated else lines, clause.negated)
            if any(str(one).endswith("knee: on ground") for one in statements):
                postures = (*postures, "kneeling")
            if any(str(one).startswith(_BENT_OVER) for one in statements):
                postures = (*postures, "bending forward")
            memory.front = next((side for side in ("left", "right") for one in statements if str(one).startswith(
                f"{side} foot: in front of ")), memory.front)  # fmt: skip
            if (memory.some or any(line.startswith("?") for line in lines)) and side_of == "said":
                side_of = "one"
            if statements:
                start, stop = words[clause.first].start, words[clause.last - 1].stop
                found.append(Reading(statements, start, stop, side_of))
        yield clause, found


def _lines(said: Said) -> list[str]:
    """All that the rules make of it; a length says more than the word for it."""
    ruled = [*_RULES.get(said.part, trunk_rules)(said), *against_the_other(said), *held_by_hands(said)]
    ruled = [line for line in ruled if known(line.lstrip("!?"))]
    if said.has("near floor") and not said.clause.negated:
        return [*bend_rules(said), *near_floor(said)]
    found = [*bend_rules(said), *(ruled or relation_rules(said))]
    if any(said.related("than")):
        found = [line for line in found if ": near " not in line and ": touching " not in line]  # "nearer than"
    numbers = list(number_rules(said))
    if any(number.value in ("mm", "cm", "in", "ft", "m") for number in said.clause.numbers) and numbers:
        found = [line for line in found if not _COMPARED.search(line) or line.endswith("in front of torso")]
    found = [weakened(line) for line in found] if said.clause.small else found
    return [*filter(None, found), *numbers]


_BENT_OVER = ("torso: horizontal", "torso: leaning forward", "bending forward", "torso pitch: 3", "torso pitch: 4",
              "torso pitch: 5", "torso pitch: 6", "torso pitch: 7", "torso pitch: 8")  # fmt: skip
_COMPARED = re.compile(r": (?:above|below|in front of|behind|near|off ground)")


def _implied(clause: Clause) -> list[Item]:
    """Who is spoken of where nobody is named: the person, hands that hold something, limbs that carry it."""
    touched = [(relation, item) for relation, item in clause.relations if item]
    nobody = Item("part", "", clause.first, clause.first)
    hugged = [
        item for relation, item in touched if relation == "hug" and item.value in ("knee", "leg", "shin", "thigh")
    ]
    if hugged:
        clause.features.append("hug")
        return [replace(item, value="knee") for item in hugged]
    held = [item for relation, item in touched if relation == "touch" and item.value not in terms().arm]
    if held and any(relation in ("on", "by") and item.value in ("hand", "palm", "elbow") for relation, item in touched):
        clause.relations = [(relation, item) for relation, item in clause.relations if item not in held]
        return held  # "props the chin on the fist"
    reached = [item for relation, item in touched if relation in ("touch", "hug", "reach") and item.value not in _HANDS]
    if reached and not clause.features:
        return [Item("part", "hand", clause.first, clause.first, side="both", plural=True)]
    toes = [item for relation, item in touched if relation in ("on", "rest") and item.value == "toe"]
    if toes:
        clause.features.append("tiptoe")
        return [replace(item, value="foot") for item in toes]
    resting = [
        item
        for relation, item in touched
        if ((relation == "rest" or "lean" in clause.features) and item.value in _SUPPORTS)
        or (relation == "on" and item.value in ("elbow", "forearm"))
    ]
    if resting and "elsewhere" not in clause.features:
        clause.features.append("floor")
        clause.relations.clear()
        return [nobody, *resting] if clause.features[0] == "lean" else resting
    return [nobody]


_HANDS = frozenset({"hand", "palm", "finger", "thumb"})
_SUPPORTS = frozenset({"elbow", "forearm", "hand", "knee", "shoulder"})


def _one_each(subject: Item, clause: Clause) -> Item:
    """Both, where one is at each of something: "a hand on each hip"."""
    each = any(item and item.side == "both" and not item.plural for _, item in clause.relations)
    alone = subject.side in ("one", "none") and not subject.plural and subject.value in terms().sided
    return replace(subject, side="both") if each and alone else subject


def _sides(subject: Item, memory: _Memory) -> tuple[str, tuple[str, ...], SideOf]:
    part = subject.value or ("leg" if subject.bare and memory.standing[0] else "")
    if part not in terms().sided:
        return part, (), "said"
    side_of: SideOf = "said"
    side = subject.side
    if part in ("finger", "toe") and side == "both" and memory.sides and _group(memory.part) == _group(part):
        side = "none"
    if side == "one" and memory.open and memory.part == part and len(memory.sides) == 1:
        return part, ("right" if memory.sides[0] == "left" else "left",), "other"  # "one hand here, one there"
    if side == "none" and memory.sides and _group(part) == _group(memory.part):
        sides, side_of = memory.sides, "one" if memory.open else "said"
    elif side in ("left", "right"):
        sides = (side,)
    elif side == "both":
        sides = ("left", "right")
    elif side in ("front", "rear"):
        front = memory.front or "left"
        sides = (front if side == "front" else OTHER[front],)
        told = bool(memory.front) and not memory.front_open
        side_of = "said" if told else "one" if sides[0] == "left" else "other"
    elif side == "other" and memory.standing[0] and _group(part) == "leg" != _group(memory.part):
        side_of = "other" if memory.standing[1] else "said"
        return part, (OTHER[memory.standing[0]],), side_of  # "on one foot, the other knee up"
    elif side in ("other", "opposite") and len(memory.sides) == 1:
        sides = ("right" if memory.sides[0] == "left" else "left",)
        side_of = "other" if memory.open else "said"
        return part, sides, side_of
    else:
        sides, side_of = ("left",), "one"
    memory.sides, memory.open, memory.part = sides, side_of == "one", part
    if _group(part) == "leg":
        memory.legs = sides[0] if len(sides) == 1 else ""
    return part, sides, side_of


def _group(part: str) -> str:
    return "arm" if part in terms().arm else "leg" if part in terms().leg else ""


_BENDS = frozenset({"elbow", "wrist", "knee", "ankle"})
_BENT = frozenset({"bent", "straight", "right angle", "folded", "stretched"})


def _limbed(clause: Clause) -> bool:
    return any(subject.value in ("arm", "hand", "leg", "forearm", "finger", "shin") for subject in clause.subjects)


def _relations(clause: Clause, sides: tuple[str, ...], memory: _Memory) -> tuple[tuple[str, str, str], ...]:
    """(relation, part, side pattern): "{s}" the subject's own side, "{o}" the other, "left", "right" or ""."""
    found = []
    for relation, item in clause.relations:
        if item is None:
            found.append((relation, "", ""))
            continue
        bent = _BENT & set(clause.features) or (item.value == "wrist" and "limp" in clause.features)
        if relation == "at" and item.value in _BENDS and bent and _limbed(clause):
            continue  # "bent at the elbow", "limp at the wrist"
        if item.value == "torso" and item.side in ("left", "right"):
            continue  # "on the left side of the body"
        found.append((relation, item.value, _whose(item, sides, memory)))
    return tuple(found)


def _whose(item: Item, sides: tuple[str, ...], memory: _Memory) -> str:
    """The side of a part that others are related to, as a pattern: "{s}" is the subject's own."""
    singular, of_leg = len(sides) == 2 and not item.plural, item.value in terms().leg
    if item.value not in terms().sided:
        return ""
    if item.side in ("left", "right"):
        return item.side
    if item.side in ("front", "rear") and memory.front:
        return memory.front if item.side == "front" else OTHER[memory.front]
    if item.side == "same" and len(sides) == 1:
        return sides[0]  # "its own upper arm"
    if singular and item.side == "none" and memory.legs and of_leg:
        return memory.legs
    if singular and item.side in ("one", "front", "rear") and of_leg:
        memory.some = True  # "both hands on one knee"
        return "right" if item.side == "rear" else "left"
    if item.side in ("other", "opposite"):
        return "{o}"
    alone = item.side in ("none", "one") and not (item.plural or sides)
    return "one" if item.value in ("hand", "palm") and alone else "{s}"  # "the chin in a palm"


def _first_of_each(lines: Sequence[str]) -> list[str]:
    """To deny several things of one part is to deny them together, so only the first is taken as denied."""
    found: dict[str, str] = {}
    for line in lines:
        key = line if line.startswith("!") else line.removeprefix("not: ").partition(":")[0]
        found.setdefault(key, line)
    return list(found.values())


def _statements(lines: Sequence[str], negated: bool) -> tuple[Statement, ...]:
    found: dict[str, Statement] = {}
    for line in lines:
        try:
            statement = parse(line.lstrip("!?"))  # "!" says that it is a denial already, "?" that its side is open
        except StatementError:
            continue
        if negated and not line.startswith("!"):
            statement = Statement(statement.code, not statement.negated)
        found[str(statement)] = statement
    return tuple(found.values())
