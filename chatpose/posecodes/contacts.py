"""Posecodes of touching: which parts of the body are in contact, by capsules (`chatpose.body.contact`)."""

from collections.abc import Iterator
from functools import lru_cache
from math import inf

import torch
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
    "belly": ("belly",),
    "back": ("chest", "upper_chest", "belly"),
    "pelvis": ("pelvis",),
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
"""Parts that people speak of, as capsules. Chest, belly and back share the trunk's: `_SIDES_OF_TRUNK` tells which."""

_SIDES_OF_TRUNK = {"chest": 0.03, "belly": 0.03, "back": -0.03}
"""How far in front of the middle of the trunk (behind, when negative) the toucher must be, metres."""

_THICKER_M = {
    "thigh": 0.02,
    "shin": 0.02,
    "foot": 0.02,
    "hand": 0.005,
    "upper arm": 0.025,
    "forearm": 0.005,
    "head": 0.01,
    "chest": 0.015,
    "belly": 0.01,
    "pelvis": 0.05,
}
"""By how much a capsule is thicker in places than the limb is: a firm touch is asked for instead."""

# What may touch what: the toucher, then the touched ("{s}" the same side, "{o}" the other).
_TOUCHES: dict[str, tuple[str, ...]] = {
    "hand": ("head", "neck", "chest", "belly", "back", "pelvis", "{o} hand", "{o} forearm", "{s} upper arm",
             "{o} upper arm", "{s} thigh", "{o} thigh", "{s} shin", "{o} shin", "{s} foot", "{o} foot"),
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
                toucher = f"{side} {own}"
                conditions = (_touch(toucher, other), *_on_that_side(toucher, other))
                if other.endswith(f" {own}"):
                    if side == "left":
                        yield Posecode(_PLURALS[own], "touching each other", "touch", (conditions,))
                    continue
                yield Posecode(toucher, f"touching {other}", "touch", (conditions,), other, "touching")


def _touch(first: str, second: str) -> Condition:
    thicker = sum(_THICKER_M.get(name.removeprefix("left ").removeprefix("right "), 0.0) for name in (first, second))
    return Condition(gap_measure(first, second), -inf, TOUCH_M - thicker)


def _on_that_side(toucher: str, touched: str) -> Iterator[Condition]:
    """In front of the trunk or behind it, by the middle of the toucher."""
    least = _SIDES_OF_TRUNK.get(touched)
    if least is not None:
        ahead = Measure(f"{toucher} in front of torso", "m", "front", (toucher, "torso"), "chest")
        yield Condition(ahead, least, inf) if least > 0 else Condition(ahead, -inf, least)


def gap_measure(first: str, second: str) -> Measure:
    """Distance between the skins of two parts."""
    return Measure(f"{first} to {second} gap", "m", "gap", (first, second))


def touch_gaps(contacts: Contacts) -> dict[str, Tensor]:
    """The gaps that `extraction.extract` takes, (N,) metres each, by measure name."""
    names, columns, owners = _gap_table(str(contacts.pairs.device))
    rows = contacts.pairs.flatten(0, -2).T[columns]
    found = rows.new_full((len(names), rows.shape[1]), float("inf")).scatter_reduce(
        0, owners[:, None].expand_as(rows), rows, "amin"
    )
    return dict(zip(names, found, strict=True))


@lru_cache(maxsize=4)
def _gap_table(device: str) -> tuple[tuple[str, ...], Tensor, Tensor]:
    """Names of the measures, the contact pairs that they are the least of, and which measure each pair goes to."""
    conditions = (condition for code in touching() for condition in code.conditions)
    measures = [condition.measure for condition in conditions if condition.measure.kind == "gap"]
    columns = [gap_columns(*measure.points) for measure in measures]
    owners = [number for number, pairs in enumerate(columns) for _ in pairs]
    return (
        tuple(measure.name for measure in measures),
        torch.tensor([pair for pairs in columns for pair in pairs], device=device),
        torch.tensor(owners, device=device),
    )


@lru_cache(maxsize=256)
def gap_columns(first: str, second: str) -> tuple[int, ...]:
    """Which of `CONTACT_PAIRS` the gap between two parts is the least of."""
    wanted = {frozenset((a, b)) for a in PARTS[first] for b in PARTS[second]}
    return tuple(column for column, pair in enumerate(CONTACT_PAIRS) if frozenset(pair) in wanted)
