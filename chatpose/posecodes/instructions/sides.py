"""Which side a part is of, where an instruction doesn't say left or right."""

import re
from dataclasses import dataclass

from chatpose.posecodes.definitions import OTHER
from chatpose.posecodes.instructions.cues import Cues
from chatpose.posecodes.instructions.facts import SIDES, Facts
from chatpose.posecodes.instructions.parts import Named

_ARM = frozenset(("arm", "elbow", "forearm", "hand", "palm", "wrist", "shoulder"))
USUAL = "right"
"""Where nothing decides."""


@dataclass(frozen=True)
class Chosen:
    """Sides that are meant.

    Attributes:
        sides: one or both.
        note: for people, when something was chosen; else empty.
    """

    sides: tuple[str, ...]
    note: str = ""


def choose(part: Named, cues: Cues, facts: Facts, mentioned: str) -> Chosen:
    """The side or sides of a part.

    Args:
        part: as it was named.
        cues: of its clause.
        facts: of the pose.
        mentioned: side that was spoken of last, for "other"; may be empty.
    """
    if part.side in SIDES:
        return Chosen((part.side,))
    if part.side == "both":
        return Chosen(SIDES)
    if part.side in ("other", "second", "opposite") and mentioned:
        return Chosen((OTHER[mentioned],))
    described = _described(part.side, "arm" if part.name in _ARM else "leg", facts)
    if described:
        return Chosen((described,), f"the {part.side} {part.name} is the {described} one")
    if not part.side and mentioned:
        return Chosen((mentioned,))
    side = _natural(part, cues, facts) or USUAL
    if part.side in ("other", "second", "opposite"):
        side = OTHER[_posed(part, facts) or OTHER[side]]
    return Chosen((side,), f"which {part.name} isn't said; took the {side} one")


_TOLD = re.compile(
    r"(?:\b(?P<det>the|her|his|their|your|that) |^(?=(?:front|back|rear|leading|trailing|standing|supporting|raised) "
    r"))(?P<word>front|back|rear|leading|trailing|lead|standing|supporting|raised|"
    r"lifted|bent|straight|free|higher|lower|hanging|extended|lowered|outstretched|forward) (?P<part>arm|leg|knee|foot|"
    r"hand|elbow|heel|thigh|shin|ankle|toes)\b"
)


def sides_told(text: str, facts: Facts, notes: list[str]) -> str:
    """The text with left or right in the place of "the front leg", "her raised arm", where the pose tells which."""

    def named(match: re.Match[str]) -> str:
        kind = "arm" if match["part"] in ("arm", "hand", "elbow") else "leg"
        side = _described(match["word"], kind, facts)
        if not side:
            return match[0]
        notes.append(f"the {match['word']} {match['part']} is the {side} one")
        return f"{match['det'] or 'the'} {side} {match['part']}"

    return _TOLD.sub(named, text)


def _described(word: str, kind: str, facts: Facts) -> str:
    """The side of a limb that is told by what it does; empty for none."""
    end, hinge = ("hand", "elbow") if kind == "arm" else ("foot", "knee")
    if word in ("front", "leading", "lead", "forward"):
        return facts.in_front(end)
    if word in ("back", "rear", "trailing"):
        front = facts.in_front(end)
        return OTHER[front] if front else ""
    if word in ("raised", "lifted", "higher", "free", "non-standing", "outstretched"):
        return facts.higher(end)
    if word in ("lower", "lowered", "hanging", "standing", "supporting"):
        high = facts.higher(end)
        return OTHER[high] if high else ""
    if word in ("straight", "extended"):
        return facts.straighter(hinge)
    if word == "bent":
        straight = facts.straighter(hinge)
        return OTHER[straight] if straight else ""
    return ""


def _natural(part: Named, cues: Cues, facts: Facts) -> str:
    """The side that takes an instruction more naturally; empty where there is nothing to choose."""
    lowering = cues.has("lower", "down", "relax", "ground")
    if cues.has("straighten") or (cues.has("bend") and cues.has("less")):
        straight = facts.straighter("elbow" if part.name in _ARM else "knee")
        return OTHER[straight] if straight else ""
    if part.name in _ARM:
        if cues.has("bend") and part.name in ("arm", "elbow"):
            return facts.straighter("elbow")
        high = facts.higher("hand")
        return high if lowering or not high else OTHER[high]
    if cues.has("bend"):
        return facts.straighter("knee")
    high = facts.higher("foot")
    return high or ("" if lowering else facts.away_from_weight)


def _posed(part: Named, facts: Facts) -> str:
    """The side that is held more out of rest: the one that "the other" is told apart from."""
    return facts.higher("hand" if part.name in _ARM else "foot")
