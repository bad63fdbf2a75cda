"""`Finding`: whether something is so of a pose, by how much, and what was measured; tests that find it out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf, isnan

from chatpose.language.verified.question_facts import PoseFacts, Reading
from chatpose.language.verified.question_parts import Part
from chatpose.language.verified.question_telling import tell
from chatpose.posecodes.definitions import (
    OTHER,
    TORSO_TILT,
    armpit,
    elbow,
    hip,
    knee,
    offset,
    special,
    tilt,
)
from chatpose.posecodes.measures import Measure


@dataclass(frozen=True)
class Finding:
    """Whether something is so.

    Attributes:
        holds: it is; None when it can't be told.
        margin: by how much it holds (positive) or misses, in what counts as clear: from 1 on it isn't a close call.
        told: the evidence, one clause.
        reading: the number behind it, if one decides.
        measure: name of the measure, or the statement.
    """

    holds: bool | None
    margin: float
    told: str
    reading: Reading | None = None
    measure: str = ""

    def denied(self) -> "Finding":
        """The opposite claim."""
        return Finding(
            None if self.holds is None else not self.holds, -self.margin, self.told, self.reading, self.measure
        )


UNKNOWN = Finding(None, 0.0, "that can't be measured on this pose")
Test = Callable[[PoseFacts, Part], Finding]
Of = Callable[[Part], Measure]


def judged(reading: Reading, low: float = -inf, high: float = inf) -> Finding:
    """Whether a number lies between two ends."""
    if isnan(reading.value):
        return UNKNOWN
    margin = min(reading.value - low, high - reading.value)
    return Finding(margin >= 0, margin / reading.sure, tell(reading), reading, reading.measure)


def within(measure: Of | Measure, low: float = -inf, high: float = inf) -> Test:
    """Claims that a measure of the part lies between two ends."""

    def test(facts: PoseFacts, part: Part) -> Finding:
        return judged(facts.read(measure if isinstance(measure, Measure) else measure(part)), low, high)

    return test


def every(findings: Sequence[Finding]) -> Finding:
    """All of them: the weakest decides."""
    return _joined(findings, min(findings, key=lambda one: one.margin), all)


def some(findings: Sequence[Finding]) -> Finding:
    """Any of them: the strongest decides."""
    return _joined(findings, max(findings, key=lambda one: one.margin), any)


def _joined(findings: Sequence[Finding], chosen: Finding, how: Callable[[list[bool]], bool]) -> Finding:
    if any(one.holds is None for one in findings):
        return UNKNOWN
    told = "; ".join(dict.fromkeys(one.told for one in findings))
    return Finding(how([bool(one.holds) for one in findings]), chosen.margin, told, chosen.reading, chosen.measure)


def all_of(*tests: Test) -> Test:
    """All tests at once."""
    return lambda facts, part: every([test(facts, part) for test in tests])


def any_of(*tests: Test) -> Test:
    """Any of the tests."""
    return lambda facts, part: some([test(facts, part) for test in tests])


def no(test: Test) -> Test:
    """The opposite."""
    return lambda facts, part: test(facts, part).denied()


# --- measures of a part ---------------------------------------------------------------------------------------------


def bend(part: Part) -> Measure:
    """The inner angle that tells how bent a joint or a limb is."""
    return {"knee": knee, "leg": knee, "hip": hip, "thigh": hip}.get(part.noun, elbow)(part.side)


def raise_of(part: Part) -> Measure:
    """Angle between trunk and upper arm."""
    return armpit(part.side)


def limb_tilt(part: Part) -> Measure:
    """Direction of a limb against the vertical."""
    if not part.side:
        return TORSO_TILT
    ends = {"arm": ("shoulder", "wrist"), "leg": ("hip", "ankle"), "upper arm": ("shoulder", "elbow"),
            "forearm": ("elbow", "wrist"), "thigh": ("hip", "knee"), "shin": ("knee", "ankle"),
            "hand": ("wrist", "fingertips"), "foot": ("ankle", "foot")}[part.noun]  # fmt: skip
    return tilt(part.name, *(f"{part.side} {end}" for end in ends))


def to_side(measure: Measure, side: str, least: float) -> Test:
    """A measure that is positive to the left reaches that far to a side."""
    return within(measure, least) if side == "left" else within(measure, high=-least)


def across(kind: str, other: str) -> Of:
    """Offset of the part from another one; "{s}" and "{o}" are the part's side and the other."""

    def made(part: Part) -> Measure:
        return offset(kind, part.point, other.format(s=part.side, o=OTHER.get(part.side, "")))

    return made


def outward(least: float) -> Test:
    """The part is that far outside of its own shoulder, or of its own hip."""

    def test(facts: PoseFacts, part: Part) -> Finding:
        root = "hip" if part.noun in ("leg", "foot", "knee", "ankle", "shin", "thigh") else "shoulder"
        reading = facts.read(offset("left", part.point, f"{part.side} {root}"))
        return judged(reading, least) if part.side == "left" else judged(reading, high=-least)

    return test


def special_of(name: str, rotations: bool = True) -> Of:
    """A sided measure with a formula of its own."""
    return lambda part: special(f"{part.side} {name}", rotations=rotations)
