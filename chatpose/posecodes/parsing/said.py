"""What a clause says of one subject, ready for the rules."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from chatpose.posecodes.parsing.clause import Clause

FRONT_PARTS = ("torso", "chest", "belly", "back", "pelvis")
OTHER = {"left": "right", "right": "left"}


@dataclass(frozen=True)
class Said:
    """A subject and what is said of it.

    Attributes:
        part: the noun's part; "" for the person.
        sides: left, right, both or none.
        features: see `terms.FEATURES`.
        relations: (relation, part, side pattern); an empty part where none is named.
        clause: where it stands.
        postures: what was read of the whole body.
    """

    part: str
    sides: tuple[str, ...]
    features: frozenset[str]
    relations: tuple[tuple[str, str, str], ...]
    clause: Clause
    postures: tuple[str, ...] = ()

    def has(self, *any_of: str) -> bool:
        """Whether any of these features is said."""
        return any(feature in self.features for feature in any_of)

    @property
    def level(self) -> bool:
        """Whether the trunk is known to be level, so that forward is past the head."""
        return any(posture.startswith(("on all fours", "in a plank", "lying on")) for posture in self.postures)

    @property
    def low(self) -> bool:
        """Whether the body sits, squats, kneels or lies, so that a knee may be up with the foot on the floor."""
        return self.level or any(posture.startswith(("sitting", "squatting", "kneeling")) for posture in self.postures)

    @property
    def both(self) -> bool:
        """Whether left and right are spoken of."""
        return len(self.sides) == 2

    @property
    def degrees(self) -> float | None:
        """The angle that is said."""
        if self.has("right angle") or (self.has("squared") and self.part in ("elbow", "knee", "arm", "leg")):
            return 90.0
        return next(
            ((one.number + (one.high or one.number)) / 2 for one in self.clause.numbers if one.value == "°"), None
        )

    def each(self, *patterns: str) -> Iterator[str]:
        """Lines for every side spoken of."""
        for pattern in patterns:
            for side in self.sides:
                yield pattern.format(s=side, o=OTHER[side])

    def related(self, *relations: str) -> Iterator[tuple[str, str]]:
        """(part, side pattern) of the relations of these kinds."""
        wanted = (*relations, *(wider for narrow, wider in _WIDER if narrow in relations))
        return ((part, side) for relation, part, side in self.relations if relation in wanted)

    def to(self, parts: Iterable[str], *relations: str) -> bool:
        """Whether one of these relations names one of these parts."""
        return any(part in parts for part, _ in self.related(*relations))


_WIDER = (("at", "by"), ("above", "over"), ("below", "under"), ("to", "reach"))
"""Relations that count as others, too."""


def first_of(said: Said, *cases: tuple[bool, tuple[str, ...] | str]) -> Iterator[str]:
    """Lines of the first case that holds, for every side spoken of; a line without a side once."""
    for holds, lines in cases:
        if holds:
            for line in (lines,) if isinstance(lines, str) else lines:
                yield from said.each(line) if "{" in line else (line,)
            return


def around(name: str, value: float, slack: float = 10.0) -> str:
    """A range about a value."""
    low, high = value - slack, value + slack
    if name.endswith(" angle"):
        low, high = max(0.0, low), min(180.0, high)
    return f"{name}: {low:g}..{high:g}"
