"""Queries that are a name: "Tree pose", "vrksasana" and "the tree" are all one atlas entry."""

import re
import unicodedata
from collections.abc import Iterator

from chatpose.atlas.compiled import Atlas

_LEAD = frozenset(
    ("a", "an", "the", "in", "into", "doing", "someone", "somebody", "person", "show", "me", "find", "give", "get",
     "pose", "poses", "of", "please", "yoga")
)  # fmt: skip
_TAIL = frozenset(("pose", "poses", "position", "posture", "please", "yoga"))
_GAPS = re.compile(r"[\W_]+")
_LONGEST = 120
"""Longer queries are no names."""


class NameFinder:
    """Finds the entry that a whole query names.

    Args:
        atlas: whose names.
    """

    def __init__(self, atlas: Atlas) -> None:
        self._entries: dict[str, str] = {}
        for entry in atlas:
            for name in (entry.id, *entry.names):
                self._entries.setdefault(plain(name), entry.id)

    def find(self, text: str) -> str | None:
        """Id of the entry, None where the query is no name.

        Case, accents, hyphens, articles and a "pose" more or less don't matter.
        """
        if len(text) > _LONGEST:
            return None
        return next((self._entries[form] for form in _forms(plain(text)) if form in self._entries), None)


def plain(text: str) -> str:
    """Lower case, without accents, words apart by single spaces: "Vṛkṣāsana" is "vrksasana"."""
    letters = unicodedata.normalize("NFKD", text.lower())
    return _GAPS.sub(" ", "".join(char for char in letters if not unicodedata.combining(char))).strip()


def _forms(text: str) -> Iterator[str]:
    """Ways to read a query as a name, the likeliest first."""
    yield text
    words = text.split()
    start, stop = 0, len(words)
    while start < stop and words[start] in _LEAD:
        start += 1
    while stop > start and words[stop - 1] in _TAIL:
        stop -= 1
    for first, last in ((start, len(words)), (0, stop), (start, stop)):
        if any(word not in _LEAD for word in words[first:last]):
            core = " ".join(words[first:last])
            yield core
            yield f"{core} pose"
