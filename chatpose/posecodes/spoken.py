"""Captions in the words of the phrasebook: as people say things, for training on and for reading aloud.

`captioning` writes well-formed sentences in a language of its own; here the same facts are said as they came to the
people who wrote the phrasebook (its training part): instructions, remarks, fragments, idioms. Each piece claims what
its wording means, so it is checked like any caption.
"""

from collections.abc import Sequence
from functools import cache

from chatpose.errors import unknown_name
from chatpose.posecodes.aggregation import Unit, aggregate
from chatpose.posecodes.captioning import Caption, Clause, StyleName
from chatpose.posecodes.choice import pick, start
from chatpose.posecodes.extraction import Extraction
from chatpose.posecodes.phrasebook import shipped_phrasebook
from chatpose.posecodes.phrases import NO_POSE
from chatpose.posecodes.posecode import exchange_sides
from chatpose.posecodes.selection import STYLES, Lore, lore, sayable, select

_SEPARATORS = (", ", ", ", ". ", ". ", "; ")
_SEPARATOR, _WORDING = 1, 2


def spoken_caption(found: Extraction, style: StyleName = "plain", seed: int | Sequence[int] = 0) -> list[Caption]:
    """Describes poses in the phrasebook's words.

    Args:
        found: posecodes of N poses.
        style: how much is said, as in `captioning.caption`.
        seed: chooses among wordings; one for all poses or one a pose.

    Returns:
        N captions, in order; facts that the phrasebook has no words for are left out.

    Raises:
        UnknownNameError: no such style.
    """
    if style not in STYLES:
        raise unknown_name("style", style, STYLES)
    seeds = [seed] * len(found) if isinstance(seed, int) else list(seed)
    known = lore(found.codes)
    chosen = (select(held, known, STYLES[style]) for held in sayable(found, known))
    return [_spoken(numbers, known, one) for numbers, one in zip(chosen, seeds, strict=True)]


def _spoken(chosen: list[int], known: Lore, seed: int) -> Caption:
    state = start(seed, [known.entries[number].key for number in chosen])
    regions = aggregate(chosen, known, state) if chosen else []
    clauses: list[Clause] = []
    for unit in (unit for region in regions for block in region for unit in block):
        clauses += _clauses(unit, state, len(clauses))
    if not clauses:
        return Caption(NO_POSE, ())
    text = clauses[0].text
    for number, clause in enumerate(clauses[1:], 1):
        separator = _SEPARATORS[pick(state, (_SEPARATOR << 20) + number, len(_SEPARATORS))]
        text += separator + (_capital(clause.text) if separator == ". " else clause.text)
    return Caption(_capital(text) + ("" if text[-1] in ".!?" else "."), tuple(clauses))


def _clauses(unit: Unit, state: int, number: int) -> list[Clause]:
    """One wording for all that the unit claims where there is one, else one for each statement."""
    for statements in ((tuple(unit.statements),), tuple((one,) for one in unit.statements)):
        worded = [(codes, training_wordings(tuple(sorted(code.name for code in codes)))) for codes in statements]
        if all(texts for _, texts in worded) or len(statements) > 1 or len(unit.statements) == 1:
            return [
                Clause(texts[pick(state, (_WORDING << 20) + number + place, len(texts))], codes)
                for place, (codes, texts) in enumerate(worded)
                if texts
            ]
    return []


@cache
def training_wordings(statements: tuple[str, ...]) -> tuple[str, ...]:
    """The phrasebook's training wordings of exactly these statements.

    Wordings that name no side are left out where the statements are of one side: they don't tell which.
    """
    sided = frozenset(statements) != frozenset(map(exchange_sides, statements))
    book = shipped_phrasebook()
    return tuple(
        saying.text
        for saying in book.wordings(*statements)
        if not saying.for_test and not (sided and saying.text == saying.mirrored().text)
    )


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]
