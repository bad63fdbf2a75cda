"""`Item`: what one or several words of a text are."""

from dataclasses import dataclass
from typing import Literal

Side = Literal["left", "right", "both", "one", "other", "same", "opposite", "front", "rear", "none"]
Kind = Literal["part", "rel", "feature", "not", "and", "stop", "number", "word"]


@dataclass(frozen=True)
class Item:
    """What one or several words are.

    Attributes:
        kind: which class.
        value: name of the part, relation or feature; the unit of a number; the word itself.
        first: number of its first word.
        last: one past the number of its last.
        side: of a part.
        plural: whether the part's noun is.
        bare: whether the noun is left out ("the right").
        number: of a number.
        counted: how many are spoken of, where it is said ("three arms").
        denied: whether none of them is meant ("neither hand").
        high: the other end of a range of numbers; 0 without.
    """

    kind: Kind
    value: str
    first: int
    last: int
    side: Side = "none"
    plural: bool = False
    bare: bool = False
    number: float = 0.0
    counted: int = 0
    denied: bool = False
    high: float = 0.0
