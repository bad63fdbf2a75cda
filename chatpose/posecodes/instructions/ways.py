"""Directions that only the pose tells: "to the other side", "back towards the front", "that way as well"."""

import re
from collections.abc import Sequence

from chatpose.posecodes.definitions import HEAD_TILT, HEAD_TURN, OTHER, TORSO_LEAN, TWIST
from chatpose.posecodes.instructions.facts import SIDES, Facts
from chatpose.posecodes.instructions.plan import Change
from chatpose.posecodes.measures import Measure

SEEN_DEG = 5.0
"""From where on a head or a trunk is turned to a side."""
_HEAD = r"head|face|gaze|neck|chin|nose"
_TRUNK = r"torso|trunk|chest|upper body|shoulders|spine|back|body|waist"
_WHAT = rf"(?:(?:the |her |his |their |your |my )?(?P<part>{_HEAD}|{_TRUNK}) )?"
_OTHER_WAY = re.compile(
    rf"\b(?P<verb>turn|rotate|twist|look|face|tilt|lean|tip|bend)(?:s|ed|ing)? {_WHAT}"
    r"(?:over )?(?:(?:to|in|towards?) )?the (?:other|opposite) (?:side|way|direction)\b"
)
_TO_MIDDLE = re.compile(
    rf"\b(?P<verb>turn|rotate|twist|look|face|tilt|lean|tip|bring|move|swivel)(?:s|ed|ing)? {_WHAT}"
    r"(?P<by>(?:by )?\d+(?:\.\d+)? degrees )?"
    r"(?:a bit |slightly |a little |some(?:what)? )?(?:back )?(?:to|towards?) (?:the )?(?:front|cent(?:er|re)|middle|"
    r"camera|forwards?)\b"
)
_THAT_WAY = re.compile(r"\b(?:in )?(?:that|the same) (?:way|direction|side)(?: (?:as well|too|also))?\b")
_PART_OF = {**dict.fromkeys(("face", "gaze", "neck", "chin", "nose"), "head")}


def told_by_pose(text: str, facts: Facts, last: Sequence[Change], notes: list[str]) -> str:
    """The text with left or right in the place of directions that the pose or the last edit tells.

    Args:
        text: evened.
        facts: of the pose.
        last: changes of the edit before.
        notes: for people; what was chosen is added.
    """
    text = _OTHER_WAY.sub(lambda found: _turned(found, facts, notes, back=False), text)
    if re.search(r"\d+(?:\.\d+)? degrees|\b(?:a bit|slightly|a little|halfway|somewhat)\b", text):
        text = _TO_MIDDLE.sub(lambda found: _turned(found, facts, notes, back=True), text)
    sides = {side for change in last for side in SIDES if side in change.way.split()}
    if len(sides) == 1 and (found := _THAT_WAY.search(text)):
        part = {"head": "the head", "torso": "the torso"}.get(last[-1].part, "")
        text = f"{text[: found.start()]}to the {sides.pop()}{text[found.end() :]}"
        text = re.sub(r"\b(?:it|them)\b", part, text) if part else text
    return text


def _turned(found: re.Match[str], facts: Facts, notes: list[str], *, back: bool) -> str:
    """The order with the side in it; as it was where the pose is turned to none."""
    verb, part = found["verb"], found["part"] or ""
    trunk = re.fullmatch(_TRUNK, part) is not None or (not part and verb in ("twist", "lean", "bend"))
    if not part and not trunk and verb not in ("look", "tilt", "face"):
        return found[0]
    side = turned_to(_measure(verb, trunk=trunk), facts)
    if not side:
        return found[0]
    name = part if trunk else "head"
    notes.append(f"the {name or 'trunk'} is to the {side} now")
    verb = "turn" if verb in ("bring", "move", "swivel", "face", "look") else verb
    named = f"the {_PART_OF.get(part, part)} " if part else "" if trunk else "the head "
    amount = found.groupdict().get("by") or ""
    return f"{verb} {named}{amount}to the {OTHER[side]}{' further' if back else ''}"


def turned_to(measure: Measure, facts: Facts) -> str:
    """The side that a measure of turn or tilt is on; empty for the middle."""
    value = facts.value(measure)
    return "" if abs(value) < SEEN_DEG else "left" if value > 0 else "right"


def _measure(verb: str, *, trunk: bool) -> Measure:
    tilts = verb in ("tilt", "lean", "tip", "bend")
    if trunk:
        return TORSO_LEAN if tilts else TWIST
    return HEAD_TILT if tilts else HEAD_TURN
