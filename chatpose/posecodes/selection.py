"""Which of the posecodes that hold are worth saying.

A fact is the more telling the rarer it is and the more its kind helps to draw the pose. What follows from something
said is left out (`echoes`), and no part of the body takes all the room. Left and right are treated alike: a fact that
holds on both sides is taken or left as one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from math import log2

import numpy as np
from torch import Tensor

from chatpose.posecodes.definitions import LIMBS, OTHER, SIDES, all_posecodes
from chatpose.posecodes.echoes import echo_masks
from chatpose.posecodes.extraction import METRES_PER_DEGREE, Extraction
from chatpose.posecodes.lexicon import Entry, entries_of, straight_entry
from chatpose.posecodes.measures import Measure
from chatpose.posecodes.phrases import STRAIGHT_DIRECTIONS
from chatpose.posecodes.posecode import Posecode
from chatpose.posecodes.statistics import frequencies

GUARD_DEG = 0.25
"""A code is said only when it holds by this much (or 1.25 mm, or 0.25 %), so that no threshold is claimed by a hair."""
SKIN_GUARD_M = 0.01
"""The same for touching and for heights: where limbs are folded and the trunk is twisted the skin isn't where capsules
and radii have it."""

WEIGHT_BITS = {
    "posture": 30.0, "limbs": 9.0, "arm raise": 4.0, "bend": 3.5, "incline": 3.0, "touch": 2.0, "direction": 2.0,
    "head": 2.5, "near": 1.5, "above": 0.5, "front": 0.5, "aside": 0.5, "beyond": 0.0, "crossed": 0.5, "ground": 1.0,
    "pair distance": 0.5, "hip bend": 0.0, "foot": -0.5, "palm": -0.5, "aligned": -5.0,
}  # fmt: skip
"""What a kind of fact is worth to someone who draws the pose, in bits, added to −log2 of its frequency."""

ARMS = frozenset(("arm", "upper arm", "elbow", "forearm", "wrist", "palm", "hand", "shoulder",
                  "arms", "elbows", "forearms", "hands"))  # fmt: skip
LEGS = frozenset(("hip", "thigh", "knee", "shin", "foot", "legs", "thighs", "knees", "shins", "feet", "pelvis"))
HEAD = frozenset(("head", "gaze"))
REGIONS = ("posture", "trunk", "head", "arms", "legs")


@dataclass(frozen=True)
class Style:
    """How much is said.

    Attributes:
        statements: enough is said from here on.
        rare_bits: facts less telling than this are said only while there are fewer than `least` statements.
        least: see there.
        room: most facts a place, in the order of `REGIONS`; an arm or leg counts by itself.
        aligned: most facts of alignment.
    """

    statements: int
    rare_bits: float
    least: int
    room: tuple[int, int, int, int, int]
    aligned: int


STYLES = {
    "short": Style(statements=4, rare_bits=4.0, least=3, room=(2, 1, 1, 1, 1), aligned=0),
    "plain": Style(statements=9, rare_bits=3.5, least=7, room=(2, 2, 1, 3, 2), aligned=0),
    "full": Style(statements=20, rare_bits=2.5, least=14, room=(3, 4, 3, 6, 5), aligned=1),
}


@dataclass(frozen=True)
class Lore:
    """Everything that is known of a set of codes before a pose is seen; codes in order of what they tell.

    Attributes:
        codes: the set, in its own order.
        entries: their words, the most telling first.
        order: (C,) place of each in the set.
        bits: what each tells; the same for a code and its mirror image.
        rank: place among the unsided facts: the same for a code and its mirror image.
        mirrors: number of the mirror image that can be said in the same breath, or the code's own.
        echoes: what needn't be said any more, as bits.
        places: where the room is counted.
        regions: index into `REGIONS`.
        kind_order: place in the tables of the code or of its mirror image, whichever is first.
        aligned: whether it is a fact of alignment; told also when trivial if nothing else places its hand or foot.
        subjects: part of the body that it is about.
        straight: of a vertical limb: where "pointing up" and "pointing down" lead, the number of the entry that says
            both ("pointing straight up").
        brings: what is said along with a code, the first that holds, because it is not drawn without.
    Entries from `len(codes)` on are those of `straight`; they say two codes, see `Entry.also`.
    """

    codes: tuple[Posecode, ...]
    entries: tuple[Entry, ...]
    order: np.ndarray
    bits: tuple[float, ...]
    rank: tuple[int, ...]
    mirrors: tuple[int, ...]
    echoes: tuple[int, ...]
    places: tuple[int, ...]
    regions: tuple[int, ...]
    kind_order: tuple[int, ...]
    aligned: tuple[bool, ...]
    subjects: tuple[str, ...]
    straight: dict[int, dict[int, int]]
    brings: dict[int, tuple[int, ...]]


def lore(codes: tuple[Posecode, ...] | None = None) -> Lore:
    """The lore of some codes; of all of them it is made once."""
    if codes is None or codes is all_posecodes():
        return _all_lore()
    return _make_lore(codes)


@lru_cache(maxsize=1)
def _all_lore() -> Lore:
    return _make_lore(all_posecodes())


def _make_lore(codes: tuple[Posecode, ...]) -> Lore:
    entries = entries_of(codes)
    known = frequencies()
    told = [_bits(code, known) for code in codes]
    order = sorted(range(len(codes)), key=lambda n: (-told[n], entries[n].key, entries[n].side))
    sorted_entries = tuple(entries[n] for n in order)
    number_of = {n: number for number, n in enumerate(order)}
    straight, pairs = _straight(sorted_entries)
    sayings = (*sorted_entries, *straight)
    ranks: dict[int, int] = {}
    rank = tuple(ranks.setdefault(entry.key, len(ranks)) for entry in sayings)
    mirrors = [number_of[entry.mirror] if entry.together else n for n, entry in enumerate(sorted_entries)]
    mirrors += [len(codes) + entry.mirror for entry in straight]
    return Lore(
        codes=codes,
        entries=sayings,
        order=np.array(order, dtype=np.intp),
        bits=tuple(told[n] for n in order),
        rank=rank,
        mirrors=tuple(mirrors),
        echoes=tuple(echo_masks([entry.code for entry in sorted_entries])),
        places=tuple(_place(entry) for entry in sayings),
        regions=tuple(region_of(entry) for entry in sayings),
        kind_order=tuple(min(n, entries[n].mirror) for n in order),
        aligned=tuple(entry.code.family == "aligned" for entry in sorted_entries),
        subjects=tuple(entry.code.subject for entry in sayings),
        straight=pairs,
        brings=_brings(sorted_entries),
    )


_BRINGS = (
    ("{s} {limb}: vertical", ("{s} {limb}: pointing up", "{s} {limb}: pointing down")),
    *(
        (f"{{s}} arm: {raised}", ("{s} hand: in front of torso", "{s} hand: behind torso",
                                  "{s} hand: far to the {s} of {s} shoulder"))
        for raised in ("raised level", "raised high")
    ),
)  # fmt: skip
"""A limb's direction needs the way it points; a raised arm may be raised forward, backward or sideways."""


def _brings(entries: tuple[Entry, ...]) -> dict[int, tuple[int, ...]]:
    number_of = {entry.code.name: number for number, entry in enumerate(entries)}
    brings = {}
    for side in SIDES:
        for limb, _, _ in LIMBS:
            for said, along in _BRINGS:
                number, *others = (number_of.get(name.format(s=side, limb=limb)) for name in (said, *along))
                if number is not None:
                    brings[number] = tuple(other for other in others if other is not None)
    return brings


def _straight(entries: tuple[Entry, ...]) -> tuple[list[Entry], dict[int, dict[int, int]]]:
    """Entries that say "vertical" and "pointing up" or "down" in one, and how to come to them."""
    number_of = {entry.code.name: number for number, entry in enumerate(entries)}
    made: list[Entry] = []
    pairs: dict[int, dict[int, int]] = {}
    for name, number in number_of.items():
        subject, _, predicate = name.partition(": ")
        pointing = [number_of.get(f"{subject}: {direction}") for direction in STRAIGHT_DIRECTIONS]
        if predicate != "vertical" or None in pointing:
            continue
        for other in pointing:
            if other is not None:
                pairs.setdefault(number, {})[other] = len(entries) + len(made)
                made.append(straight_entry(entries[other], entries[number]))
    keys = [(entry.key, entry.side) for entry in made]
    mirrors = [keys.index((key, OTHER[side])) for key, side in keys]
    return [replace(entry, mirror=mirror) for entry, mirror in zip(made, mirrors, strict=True)], pairs


def _bits(code: Posecode, known: dict[str, float]) -> float:
    return WEIGHT_BITS.get(code.family, 0.0) - log2(max(known.get(code.name, 0.0), 1e-5))


def region_of(entry: Entry) -> int:
    """Index into `REGIONS`."""
    if entry.code.family == "posture":
        return 0
    for number, parts in ((2, HEAD), (3, ARMS), (4, LEGS)):
        if entry.part in parts:
            return number
    return 1


def _place(entry: Entry) -> int:
    region = region_of(entry)
    if region < 3:
        return region
    return 3 + 3 * (region - 3) + ("", "left", "right").index(entry.side)


def sayable(found: Extraction, known: Lore, allowed: Tensor | None = None) -> list[list[int]]:
    """For every pose the codes that hold clearly, the most telling first, as numbers of the lore.

    Nothing is said of a pose whose trunk has no direction (all joints in one point, NaN).

    Args:
        found: posecodes of N poses.
        known: the lore of its codes.
        allowed: (C,) or (N, C) bool, the codes that may be said; all when absent.
    """
    guards = found.values.new_tensor([_guard(measure) for measure in found.measures])
    clear = found.margins >= guards[found.deciding]
    trunk = next((number for number, m in enumerate(found.measures) if m.name == "torso tilt"), None)
    if trunk is not None:
        clear &= ~found.values[:, trunk : trunk + 1].isnan()
    if allowed is not None:
        clear &= allowed.to(clear.device)
    if not len(found):
        return []
    poses, numbers = np.nonzero(clear.cpu().numpy()[:, known.order])
    ends = np.searchsorted(poses, np.arange(1, len(found)))
    return [chunk.tolist() for chunk in np.split(numbers, ends)]


def _guard(measure: Measure) -> float:
    if measure.kind in ("gap", "height"):
        return SKIN_GUARD_M
    return GUARD_DEG * (METRES_PER_DEGREE if measure.unit == "m" else 1.0)


def select(held: Sequence[int], known: Lore, style: Style) -> list[int]:
    """Chooses from what holds.

    Args:
        held: numbers of the lore, the most telling first.
        known: the lore.
        style: how much is said.

    Returns:
        Numbers of the lore, the most telling first; the sides of a fact that holds on both stand together.
    """
    chosen: list[int] = []
    present, placed = set(held), set[str]()
    superfluous = aligned = done = 0
    room = [style.room[0], style.room[1], style.room[2], *([style.room[3]] * 3), *([style.room[4]] * 3)]
    if held and known.regions[held[0]]:  # no posture has a name here, so the trunk comes first
        held = sorted(held, key=lambda number: known.regions[number] != 1)
    mirrors, echoes, places = known.mirrors, known.echoes, known.places
    for number in held:
        if len(chosen) >= style.statements:
            break
        if (done | superfluous) >> number & 1:
            continue
        if (
            known.bits[number] < style.rare_bits
            and len(chosen) >= style.least
            and not (known.aligned[number] and known.subjects[number] not in placed)
        ):
            continue
        mirror = mirrors[number]
        both = mirror != number and mirror in present and not (done | superfluous) >> mirror & 1
        place = places[number] if not both else places[number] - (places[number] - 3) % 3
        if room[place] <= 0 or (known.aligned[number] and aligned >= style.aligned):
            continue
        room[place] -= 1
        aligned += known.aligned[number]
        taken = [number, mirror] if both else [number]
        for each in taken:
            superfluous |= echoes[each]
            done |= 1 << each
        placed.update(known.subjects[each] for each in taken)
        taken += _along(taken, known, present, done | superfluous)
        for each in taken:
            superfluous |= echoes[each]
            done |= 1 << each
        chosen += taken
    return chosen


def _along(taken: Sequence[int], known: Lore, present: set[int], needless: int) -> list[int]:
    """What is said along with the codes just taken, at most one each."""
    along = []
    for each in taken:
        for more in known.brings.get(each, ()):
            if more in present and not needless >> more & 1:
                along.append(more)
                break
    return along
