"""Misspelt words of bodies and postures, put right."""

from collections.abc import Iterator
from functools import cache, lru_cache

from chatpose.posecodes.parsing.terms import terms


def _deletions(word: str) -> Iterator[str]:
    yield word
    yield from (word[:place] + word[place + 1 :] for place in range(len(word)))


@cache
def _table() -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for word in terms().spelling:
        for short in _deletions(word):
            found.setdefault(short, set()).add(word)
    return found


@cache
def _known() -> frozenset[str]:
    """Words that are no slips: those of the tables."""
    table = terms()
    known = {word for phrases in (table.phrases, table.nouns) for phrase in phrases for word in phrase}
    return table.no_slips | table.neutral | frozenset(table.spelling) | known


@lru_cache(maxsize=4096)
def corrected(word: str) -> str:
    """The word of the list that it is a slip of (one letter more, less, other or two exchanged), else itself."""
    if len(word) < 4 or not word.isascii() or not word.isalpha() or word in _known():
        return word
    table = _table()
    near = {found for short in _deletions(word) for found in table.get(short, ())}
    near = {found for found in near if found[0] == word[0] and _long_enough(word, found) and _one_slip(word, found)}
    if len(near) == 2 and len({found.removesuffix("s") for found in near}) == 1:
        near = {found for found in near if found.endswith("s") == word.endswith("s")}
    return min(near) if len(near) == 1 else word


def _long_enough(word: str, meant: str) -> bool:
    """Short words are slips of others only by two letters exchanged."""
    return len(meant) >= 5 or sorted(word) == sorted(meant)


def _one_slip(word: str, meant: str) -> bool:
    """Damerau's distance of at most one."""
    if abs(len(word) - len(meant)) > 1:
        return False
    start = next((n for n, (a, b) in enumerate(zip(word, meant, strict=False)) if a != b), min(len(word), len(meant)))
    first, second = word[start:], meant[start:]
    return (
        first[1:] == second[1:]
        or first[1:] == second
        or first == second[1:]
        or (first[1::-1] == second[:2] and first[2:] == second[2:])
    )
