"""`Clause`: one claim in the making."""

from dataclasses import dataclass, field

from chatpose.posecodes.parsing.items import Item


@dataclass
class Clause:
    """One claim in the making.

    Attributes:
        subjects: parts spoken of.
        features: what is said of them.
        relations: to which other parts (None: to nothing that was named).
        numbers: numbers with units.
        negated: whether it is denied.
        first: number of its first word.
        last: one past the number of its last.
        implied: whether the subject was taken over from an earlier clause.
        unknown: words that mean nothing to the frames.
        led: whether the predicate came before the subject ("bend the left knee").
        words: neutral words that the rules may ask for.
        small: whether a relation holds by a little only ("a bit above").
    """

    subjects: list[Item] = field(default_factory=list)
    features: list[str] = field(default_factory=list)
    relations: list[tuple[str, Item | None]] = field(default_factory=list)
    numbers: list[Item] = field(default_factory=list)
    negated: bool = False
    first: int = -1
    last: int = 0
    implied: bool = False
    unknown: int = 0
    led: bool = False
    words: list[str] = field(default_factory=list)
    small: bool = False

    @property
    def said(self) -> bool:
        """Whether anything is said of the subjects."""
        return bool(self.features or self.relations or self.numbers)

    def cover(self, item: Item) -> None:
        """Takes the item's words in."""
        self.first = item.first if self.first < 0 else min(self.first, item.first)
        self.last = max(self.last, item.last)
