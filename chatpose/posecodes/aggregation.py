"""What is said in one breath: both sides of a fact, several facts about one part, one fact about several parts.

"Both" is said only of a code and its mirror image, so the subjects differ by side and the predicate is the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from chatpose.posecodes.choice import pick
from chatpose.posecodes.lexicon import Entry
from chatpose.posecodes.posecode import Posecode
from chatpose.posecodes.selection import REGIONS, Lore

PART_ORDER = {
    part: place
    for place, part in enumerate((
        "body", "torso", "chest", "back", "head", "gaze", "pelvis",
        "arms", "arm", "upper arm", "shoulder", "elbows", "elbow", "forearms", "forearm",
        "hands", "hand", "wrist", "palm",
        "legs", "hip", "thighs", "thigh", "knees", "knee", "shins", "shin", "feet", "foot",
    ))
}  # fmt: skip
DETAILS = frozenset(("wrist", "palm", "foot"))
"""Parts of which both are spoken of after the sides, not before."""
_DETAILS = "details"

MOST_COMPLEMENTS = 3
SHARED = frozenset(("direction", "ground", "bend", "foot", "palm"))
"""Families of which one predicate may be said of several parts at once: their wordings don't depend on the part."""


@dataclass(slots=True)
class Unit:
    """One clause: subjects and what is said of all of them.

    Attributes:
        subjects: nouns with sides, and whether each takes a determiner.
        plural: whether the verb is plural.
        complements: each completes "<subjects> are …".
        finite: the only complement with its own verb, or "".
        statements: what the clause claims.
        order: where it stands in its region.
        wording: which of its entry's wordings it has.
        entry: what it was made from first.
    """

    subjects: list[tuple[str, bool]]
    plural: bool
    complements: list[str]
    finite: str
    statements: list[Posecode]
    order: tuple[int, int]
    wording: int
    entry: Entry


def aggregate(chosen: Sequence[int], known: Lore, state: int) -> list[list[list[Unit]]]:
    """Makes clauses of chosen codes.

    Args:
        chosen: numbers of the lore.
        known: the lore.
        state: what choices of wording are made from, see `choice`.

    Returns:
        For each region the blocks of clauses in the order in which they are to be said. The side that tells more
        comes first.
    """
    claims = _both_sides(_straightened(chosen, known), known)
    units: dict[tuple[int, str, str], Unit] = {}
    telling: dict[tuple[int, str], list[int]] = {}
    for number, both in claims:
        entry, region, rank = known.entries[number], known.regions[number], known.rank[number]
        side = "" if region < 3 else entry.side if not both else _DETAILS if entry.part in DETAILS else ""
        telling.setdefault((region, side), []).append(rank)
        wordings = entry.together if both else entry.alone
        which = pick(state, entry.key, len(wordings))
        wording = wordings[which]
        statements = _statements(number, both, known)
        key = (region, side, wording.subject)
        unit = units.get(key)
        if unit is None or not wording.subject:
            order = (PART_ORDER[entry.part], known.kind_order[number] if region == 0 else rank)
            made = Unit([(wording.subject, wording.determined)], wording.plural, [wording.complement], wording.finite,
                        statements, order, which, entry)  # fmt: skip
            units[key if wording.subject else (region, side, str(number))] = made
            continue
        other = wordings[(which + len(unit.complements)) % len(wordings)]  # so that no word comes twice in a row
        unit.complements.append((other if other.subject == wording.subject else wording).complement)
        unit.finite = ""
        unit.statements += statements
        if len(unit.complements) == MOST_COMPLEMENTS:
            units[(region, side, f"{wording.subject} {number}")] = units.pop(key)
    return _arranged(units, telling)


def _straightened(chosen: Sequence[int], known: Lore) -> list[int]:
    """A vertical limb that points up or down, as one saying."""
    said = set(chosen)
    numbers = []
    merged: set[int] = set()
    for number in chosen:
        for pointing, both in known.straight.get(number, {}).items():
            if pointing in said:
                numbers.append(both)
                merged |= {number, pointing}
    return [number for number in chosen if number not in merged] + numbers if merged else list(chosen)


def _both_sides(numbers: Sequence[int], known: Lore) -> list[tuple[int, bool]]:
    said, done, claims = set(numbers), set[int](), []
    for number in numbers:
        if number in done:
            continue
        mirror = known.mirrors[number]
        both = mirror != number and mirror in said
        if both:
            done.add(mirror)
        claims.append((number, both))
    return claims


def _statements(number: int, both: bool, known: Lore) -> list[Posecode]:
    statements = []
    for each in (number, known.mirrors[number]) if both else (number,):
        entry = known.entries[each]
        statements += [entry.code] if entry.also is None else [entry.code, entry.also]
    return statements


def _arranged(
    units: dict[tuple[int, str, str], Unit], telling: dict[tuple[int, str], list[int]]
) -> list[list[list[Unit]]]:
    blocks: list[dict[str, list[Unit]]] = [{} for _ in REGIONS]
    for (region, side, _), unit in units.items():
        blocks[region].setdefault(side, []).append(unit)
    arranged = []
    for region, sides in enumerate(blocks):
        # Both sides, then the side that tells more (equal sides would have been said as both), then details of both.
        order = sorted(sides, key=lambda side: ((side != "") + (side == _DETAILS), sorted(telling[region, side])))
        arranged.append([_shared(sorted(sides[side], key=lambda unit: unit.order)) for side in order])
    return arranged


def _shared(units: list[Unit]) -> list[Unit]:
    """Neighbours of which the same is said become one clause: "the left thigh and the left shin are horizontal"."""
    merged: list[Unit] = []
    for unit in units:
        last = merged[-1] if merged else None
        if last is not None and _alike(last, unit):
            last.subjects += unit.subjects
            last.statements += unit.statements
            last.plural = True
            last.finite = _finite(last)
        else:
            merged.append(unit)
    return merged


def _alike(first: Unit, second: Unit) -> bool:
    one, other = first.entry, second.entry
    return (
        one.code.family == other.code.family
        and one.pattern == other.pattern
        and one.code.family in SHARED
        and (one.also is None) == (other.also is None)
        and len(first.complements) == len(second.complements) == 1
    )


def _finite(unit: Unit) -> str:
    if not unit.entry.together:
        return ""
    return unit.entry.together[unit.wording].finite
