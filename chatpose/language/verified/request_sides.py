"""Sides that a request gives to a pose that it names: "tree pose on the right leg", "waving with both hands"."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from chatpose.atlas.entry import Entry
from chatpose.language.verified.plan_parts import ARMS, LEGS, Limb, limbs_of
from chatpose.posecodes.grammar import Statement

_OWNER = r"(?:the |his |her |your |their |its |one's )?"
_SIDE = re.compile(
    rf"(?i)\b(on|with|using|to|from|by) {_OWNER}(left|right|both|other) ?"
    r"(leg|foot|hand|arm|side|knee|elbow|legs|hands|arms|sides)?\b"
)
_FRONT = re.compile(
    r"(?i)\b(left|right) (?:leg|foot|knee) (?:is |being )?(?:in front|forward|ahead|leading|first|in the lead)\b"
)
_ARM_WORDS = frozenset(("hand", "hands", "arm", "arms", "elbow"))
_LEG_WORDS = frozenset(("leg", "legs", "foot", "knee"))


@dataclass(frozen=True)
class SideHint:
    """A side that words give to the pose as a whole.

    Attributes:
        side: "left", "right" or "both"; "other" for the side that it isn't usually done on.
        limbs: which limbs it is about; None for the whole pose.
        rests: whether the body stands or rests on it ("on the left leg").
        start: first character in the text.
        stop: one past the last.
        front: whether it is the leg in front.
    """

    side: str
    limbs: Literal["arms", "legs"] | None
    rests: bool
    start: int
    stop: int
    front: bool = False


def side_hints(text: str, read: set[int]) -> list[SideHint]:
    """The hints of a text.

    Args:
        text: without the name.
        read: places of characters that were understood otherwise.
    """
    found = []
    for match in _SIDE.finditer(text):
        word = (match[3] or "").lower()
        if match.start(2) in read or (not word and match[1].lower() != "to"):
            continue
        limbs = "arms" if word in _ARM_WORDS else "legs" if word in _LEG_WORDS else None
        side = match[2].lower()
        if side == "both" and limbs is None:
            continue
        found.append(SideHint(side, limbs, match[1].lower() == "on", match.start(), match.end()))
    for match in _FRONT.finditer(text):
        found.append(SideHint(match[1].lower(), "legs", False, match.start(), match.end(), front=True))
    return found


def mirrored_by(hints: Sequence[SideHint], entry: Entry) -> bool | None:
    """Whether the hints ask for the mirror image of an entry; None where they don't tell."""
    for hint in hints:
        if hint.side == "other":
            return True
        if hint.side in ("left", "right") and (own := _own_side(entry, hint)) is not None:
            return own != hint.side
    return None


def doubled(hints: Sequence[SideHint], entry: Entry, mirrored: bool) -> tuple[Statement, ...]:
    """What "both hands" adds: what the entry's busy arm must do, said of the other one, too."""
    for hint in hints:
        if hint.side != "both" or hint.limbs is None:
            continue
        busy = busy_limb(entry.must, ARMS if hint.limbs == "arms" else LEGS)
        if busy is None:
            continue
        own = [one for one in entry.must if limbs_of(one) == frozenset((busy,))]
        both = [*own, *(one.mirrored() for one in own)]
        return tuple(one.mirrored() for one in both) if mirrored else tuple(both)
    return ()


def front_leg(entry: Entry) -> str | None:
    """The side of the leg that is in front in an entry, by what it must be; None where neither is, or none tells."""
    for line in map(str, entry.must):
        for side, other in (("left", "right"), ("right", "left")):
            if line.startswith(
                (
                    f"lunging with the {side} leg in front",
                    f"{side} foot: in front of {other} foot",
                    f"{side} foot in front of {other} foot: 0",
                )
            ):
                return side
    busy = busy_limb(entry.must, LEGS)
    strides = any(str(one).startswith(("feet: wide", "left foot to right foot distance")) for one in entry.must)
    return busy.partition(" ")[0] if busy is not None and strides else None


def _own_side(entry: Entry, hint: SideHint) -> str | None:
    if hint.front:
        return front_leg(entry)
    if hint.rests and hint.limbs != "arms":
        for statement in entry.must:
            for side in ("left", "right"):
                if str(statement) in (
                    f"standing on the {side} leg",
                    f"lying on the {side} side",
                    f"kneeling on the {side} knee",
                ):
                    return side
    pools = {"arms": [ARMS], "legs": [LEGS], None: [ARMS, LEGS]}[hint.limbs]
    for pool in pools:
        if (busy := busy_limb(entry.must, pool)) is not None:
            return busy.partition(" ")[0]
    return None


def busy_limb(statements: Sequence[Statement], pool: frozenset[Limb]) -> Limb | None:
    """The limb of a pair that more is said of; None where both are as busy."""
    counts = {limb: sum(limbs_of(one) == frozenset((limb,)) and not one.negated for one in statements) for limb in pool}
    first, second = sorted(pool)
    if counts[first] == counts[second]:
        return None
    return first if counts[first] > counts[second] else second
