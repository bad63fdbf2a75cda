"""Turns of phrase that mean more than their words, as statements and the parts that may move for them."""

import re

from chatpose.posecodes.definitions import OTHER
from chatpose.posecodes.goals import Goal
from chatpose.posecodes.grammar import parse
from chatpose.posecodes.instructions.clauses import Clause
from chatpose.posecodes.instructions.facts import Facts
from chatpose.posecodes.instructions.plan import Amount, Change

_LEGS = ("pelvis", "left leg", "right leg")
_ARMS = ("left arm", "right arm")
_IDIOMS: tuple[tuple[str, str, tuple[str, ...], tuple[str, ...]], ...] = (
    (r"(?:strike |make |into |in )?(?:an? )?t-?pose|(?:make|form) (?:an? |the )?(?:letter )?t(?: shape)? with", "arms",
     ("arms: spread to the sides", "left arm: raised level", "right arm: raised level"), _ARMS),
    (r"(?:hug|hold) yourself", "arms",
     ("arms: crossed", "left hand: near right shoulder", "right hand: near left shoulder"), _ARMS),
    (r"(?:arms|hands) akimbo", "hands", ("left hand: on hip", "right hand: on hip"), _ARMS),
)  # fmt: skip
_COMPILED = tuple((re.compile(rf"\b{pattern}\b"), part, lines, moving) for pattern, part, lines, moving in _IDIOMS)
_ONE_ARMED: tuple[tuple[str, tuple[str, ...]], ...] = (
    (r"wav(?:e|ing)(?!.*\b(?:further|higher|lower|more|out|wider|less)\b)",
     ("left hand: above left shoulder", "left elbow angle: 60..120", "left palm: facing forward",
                       "left hand left of left shoulder: 0.1..0.4")),
)  # fmt: skip
"""What one arm does, written for the left."""
_OVER = re.compile(
    r"^(?:turn|roll)(?: over)? on(?:to)? (?:the |your |her |his |their )?(?:(?P<side>left|right) side|"
    r"(?P<face>back|front|"
    r"stomach|belly))"
)
_CLAP = re.compile(r"\b(?:clap|applaud|pray(?:ing)?)\b")
_LEVEL_LIFT_DEG = 55.0
_WRONG_WAY = re.compile(
    r"\bbend (?:the |your |her |his |their |both )*(?:left |right )?(?P<joint>knees?|elbows?) "
    r"(?:backwards?|the wrong way|the other way)\b"
)
_LEG_FOLDED = re.compile(
    r"\b(?:bring|pull|lift|raise|draw|hug|kick) (?:the |your |her |his |their )?(?P<side>left|right) "
    r"(?:(?P<part>heel|foot)\b.* (?:butt|bottom|backside|buttocks|pelvis)|(?P<knee>knee)\b.* (?:chest|torso))\b"
)
_HEAD_ROUND = re.compile(
    r"\b(?:turn|rotate|spin|twist)\b.*\bhead\b.*"
    r"(?:\b(?:all the way|right|fully|completely) (?:a)?round\b|\b(?:180|360)\b)"
)


def read_idiom(clause: Clause, facts: Facts, notes: list[str]) -> list[Change] | None:
    """The idiom that a clause is; None for others."""
    if said := _WRONG_WAY.search(clause.text):
        notes.append(f"{said[0]}: no {said['joint'].rstrip('s')} bends that way; it was left as it is")
        return []
    if _HEAD_ROUND.search(clause.text):
        side = "right" if "right" in clause.text else "left"
        notes.append(f"a neck doesn't turn that far: the head was turned {side} as far as it goes")
        return [Change("head", f"turn {side}", Amount("full"))]
    if said := _LEG_FOLDED.search(clause.text):
        side = said["side"]
        return [
            Change(
                f"{side} knee",
                *(("bend", Amount("full")) if said["part"] in ("heel", "foot") else ("up", Amount("lot"))),
            )
        ]
    for pattern, lines in _ONE_ARMED:
        if re.match(rf"(?:{pattern})\b", clause.text):
            said = re.search(r"\b(left|right)\b", clause.text)
            side = said[1] if said else "right"
            if not said:
                notes.append("which arm isn't said; took the right one")
            statements = tuple(row if side == "left" else row.mirrored() for row in map(parse, lines))
            return [Change(f"{side} arm", "hold", Amount(), "", clause.text, statements, (), (f"{side} arm",))]
    if said := _OVER.match(clause.text):
        side = said["side"]
        line = f"lying on the {side} side" if side else f"lying on the {'back' if said['face'] == 'back' else 'front'}"
        return [Change("body", "hold", Amount(), "", clause.text, (parse(line),), (), (*_LEGS, "torso"))]
    if clause.text.startswith("sit up") and facts.height("pelvis") < 0.15:
        said_ = (parse("sitting on the floor"),)
        return [Change("body", "hold", Amount(), "", clause.text, said_, (), (*_LEGS, "torso"))]
    if _CLAP.match(clause.text):
        goals = (Goal("left palm", "against", "right palm"),)
        over = re.search(r"\b(?:over|above|overhead)\b", clause.text)
        front = tuple(parse(f"{side} hand: {'above head' if over else 'in front of torso'}") for side in OTHER)
        together = Change("hands", "hold", Amount(), "", clause.text, front, goals, _ARMS)
        return [together] if over else [Change("hands", "meet"), together]
    for pattern, part, lines, moving in _COMPILED:
        if pattern.search(clause.text):
            statements = tuple(map(parse, lines))
            return [Change(part, "hold", Amount(), "", clause.text, statements, (), moving)]
    return None


def crossed_leg(side: str, facts: Facts) -> list[Change]:
    """As in "cross the left leg over the right": over the knee for who sits, else in front of the other."""
    other = OTHER[side]
    part = f"{side} leg"
    sits = all(180 - facts.value(f"{one} thigh tilt") > _LEVEL_LIFT_DEG for one in OTHER)
    if sits:
        aside = "left foot left of right foot: ..-0.05" if side == "left" else "right foot left of left foot: 0.05.."
        lines = (f"{side} knee above {other} knee: 0.05..0.2", f"{side} foot: off ground", aside,
                 f"{side} knee to {other} knee distance: ..0.2" if side == "left" else
                 "left knee to right knee distance: ..0.2")  # fmt: skip
    else:
        lines = ("legs: crossed", f"{side} foot in front of {other} foot: 0.05..")
    return [Change(part, "hold", Amount(), "", "", tuple(map(parse, lines)), (), (part,))]
