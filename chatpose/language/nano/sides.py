"""Left and right, told apart from what is said of them.

MiniLM's states hardly tell left from right, so it reads every text with one word for both, and the network is told by
signs which side each word is about. The mirror image of a text has the same states and all signs turned.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LEFT, RIGHT = 1, -1


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_DETERMINERS = _words("the a an your his her their its my one both each same other far that this to on")
_ANGLES = _words("angle angles angled")
_ADVERB_OF = _words(
    "above below over under underneath beneath behind beside before after in at up down off out onto into back "
    "between around against along across through away now there here next"
)
_STOPS = _words(". , ; : ! ? ( )")
_NEITHER = _words("both each either neither")


@dataclass(frozen=True, eq=False)
class SideWords:
    """Ids of the words that matter, of one vocabulary.

    Attributes:
        left: id of "left".
        right: id of "right".
        determiners: after which "right" is a side whatever follows.
        angles: before which it is none.
        adverb_of: before which it is none without a determiner: "right above".
        stops: where what was said of a side ends.
        neither: words that are about no single side.
    """

    left: int
    right: int
    determiners: frozenset[int]
    angles: frozenset[int]
    adverb_of: frozenset[int]
    stops: frozenset[int]
    neither: frozenset[int]

    @classmethod
    def of(cls, vocabulary: dict[str, int]) -> "SideWords":
        """Of a vocabulary of word pieces."""

        def ids(words: tuple[str, ...]) -> frozenset[int]:
            return frozenset(vocabulary[word] for word in words if word in vocabulary)

        return cls(
            vocabulary["left"],
            vocabulary["right"],
            ids(_DETERMINERS),
            ids(_ANGLES),
            ids(_ADVERB_OF),
            ids(_STOPS),
            ids(_NEITHER),
        )

    def read(self, ids: list[int]) -> tuple[list[int], NDArray[np.int8]]:
        """A text without its sides, and the sides.

        Returns:
            ids in which every side is "left"; (T, 2) signs: of the words that name a side, and of the words up to the
            next side or stop, left 1, right −1, neither 0.
        """
        neutral = list(ids)
        signs = np.zeros((len(ids), 2), np.int8)
        about = 0
        for place, word in enumerate(ids):
            side = self._side(ids, place)
            if side:
                neutral[place] = self.left
                about = side
                signs[place, 0] = side
            elif word in self.stops or word in self.neither:
                about = 0
            signs[place, 1] = about
        return neutral, signs

    def _side(self, ids: list[int], place: int) -> int:
        if ids[place] == self.left:
            return LEFT
        if ids[place] != self.right:
            return 0
        following = ids[place + 1] if place + 1 < len(ids) else -1
        if following in self.angles:
            return 0
        told = place > 0 and ids[place - 1] in self.determiners
        return RIGHT if told or following not in self.adverb_of else 0
