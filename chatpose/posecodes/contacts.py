"""Posecodes of touching: which parts of the body are in contact, by capsules (`chatpose.body.contact`)."""

from collections.abc import Iterator

from torch import Tensor

from chatpose.body.capsules import CONTACT_PAIRS
from chatpose.body.contact import TOUCH_M, Contacts
from chatpose.posecodes.measures import Measure
from chatpose.posecodes.posecode import Condition, Posecode

_SIDES = ("left", "right")

PARTS: dict[str, tuple[str, ...]] = {
    "head": ("head",),
    "neck": ("neck",),
    "chest": ("chest", "upper_chest"),
    "belly": ("belly", "pelvis"),
    **{
        f"{side} {part}": tuple(f"{side}_{capsule}" for capsule in capsules)
        for side in _SIDES
        for part, capsules in {
            "hand": ("palm", "fingers"),
            "forearm": ("forearm",),
            "upper arm": ("upper_arm",),
            "thigh": ("thigh",),
            "shin": ("shin",),
            "foot": ("foot", "toes"),
        }.items()
    },
}
"""Parts that people speak of, as capsules. Which side of the trunk is touched isn't told apart."""

# What may touch what: the toucher, then the touched ("{s}" the same side, "{o}" the other).
_TOUCHES: dict[str, tuple[str, ...]] = {
    "hand": ("head", "neck", "chest", "belly", "{o} hand", "{o} forearm", "{s} upper arm", "{o} upper arm",
             "{s} thigh", "{o} thigh", "{s} shin", "{o} shin", "{s} foot", "{o} foot"),
    "forearm": ("head", "{o} forearm", "{s} thigh", "{o} thigh"),
    "foot": ("{o} foot", "{o} shin", "{o} thigh"),
    "shin": ("{o} shin",),
    "thigh": ("{o} thigh", "chest"),
}  # fmt: skip

_PLURALS = {"hand": "hands", "forearm": "forearms", "foot": "feet", "shin": "shins", "thigh": "thighs"}


def touching() -> Iterator[Posecode]:
    """All codes of touching; two equal parts touch each other, in the plural."""
    for own, others in _TOUCHES.items():
        for side in _SIDES:
            for pattern in others:
                other = pattern.format(s=side, o="right" if side == "left" else "left")
                condition = Condition(gap_measure(f"{side} {own}", other), -float("inf"), TOUCH_M)
                if other.endswith(f" {own}"):
                    if side == "left":
                        yield Posecode(_PLURALS[own], "touching each other", "touch", ((condition,),))
                    continue
                yield Posecode(f"{side} {own}", f"touching {other}", "touch", ((condition,),), other, "touching")


def gap_measure(first: str, second: str) -> Measure:
    """Distance between the skins of two parts."""
    return Measure(f"{first} to {second} gap", "m", "gap", (first, second))


def touch_gaps(contacts: Contacts) -> dict[str, Tensor]:
    """The gaps that `extraction.extract` takes, (N,) metres each, by measure name."""
    rows = contacts.pairs.flatten(0, -2).T
    measures = (condition.measure for code in touching() for condition in code.conditions)
    return {measure.name: rows[_columns(*measure.points)].amin(0) for measure in measures}


def _columns(first: str, second: str) -> list[int]:
    wanted = {frozenset((a, b)) for a in PARTS[first] for b in PARTS[second]}
    return [column for column, pair in enumerate(CONTACT_PAIRS) if frozenset(pair) in wanted]
