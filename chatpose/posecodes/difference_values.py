"""What is measured on both poses of a pair: the numbers behind `chatpose.posecodes.difference`."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor

from chatpose.posecodes import definitions as table
from chatpose.posecodes.extraction import Extraction, extract
from chatpose.posecodes.measures import Measure, angle_deg, measure_all
from chatpose.posecodes.points import PosePoints, length, unit

SIDES = table.SIDES
GAPS = dict[str, Tensor]

_BONES = {
    "upper arm": ("shoulder", "elbow"),
    "forearm": ("elbow", "wrist"),
    "thigh": ("hip", "knee"),
    "shin": ("knee", "ankle"),
}
BONES = tuple(f"{side} {bone}" for side in SIDES for bone in _BONES)
"""Limb bones whose directions are compared."""
BONE_INDEX = {name: index for index, name in enumerate(BONES)}

UPRIGHT = 0.6
"""Cosine to the vertical from which a frame counts as standing: `points` makes it at least this, or at most 0.5."""
LEAST_LEVEL = 0.4
"""Horizontal part of the line of the hips from which a body has a heading."""
SURE = {"°": 1.0, "m": 0.005, "%": 1.0}
"""Margin by which a posecode must hold to be called gained."""


@dataclass(frozen=True)
class Change:
    """One number before and after.

    Attributes:
        measure: its name, in the words of the statement grammar where that knows it.
        unit: "°", "m" or "%".
        before: in pose A.
        after: in pose B.
    """

    measure: str
    unit: str
    before: float
    after: float

    @property
    def delta(self) -> float:
        """After less before."""
        return self.after - self.before


@cache
def _measures() -> dict[str, Measure]:
    """Everything that moves are made from, by name."""
    return {measure.name: measure for measure in _listed()}


def _listed() -> Iterator[Measure]:
    yield from (table.TORSO_PITCH, table.TORSO_LEAN, table.TORSO_TILT, table.TWIST, table.BACK_CURVE, table.HIP_HEIGHT)
    yield from (table.CHEST_FACING, table.LEFT_FACING, table.HEAD_TURN, table.HEAD_NOD, table.HEAD_TILT, table.GAZE)
    yield table.distance("left foot", "right foot")
    yield table.distance("left hand", "right hand")
    yield from (table.height("pelvis"), table.offset("above", "hips", "shoulders"))
    for side in SIDES:
        yield from (table.knee(side), table.elbow(side), table.hip(side), table.armpit(side))
        for start, end in _BONES.values():
            yield table.tilt(f"{side} {_bone_between(start, end)}", f"{side} {start}", f"{side} {end}")
        for first, second in (("elbow", "shoulder"), ("hand", "shoulder"), ("wrist", "shoulder"), ("wrist", "elbow"),
                              ("knee", "hip"), ("ankle", "hip"), ("ankle", "knee"), ("foot", "hip")):  # fmt: skip
            for kind in ("left", "above", "front", "beyond"):
                yield table.offset(kind, f"{side} {first}", f"{side} {second}")
        yield from (table.height(f"{side} {part}") for part in ("foot", "heel", "knee"))
        yield table.special(f"{side} foot point")


def _bone_between(start: str, end: str) -> str:
    return next(name for name, ends in _BONES.items() if ends == (start, end))


@cache
def _columns() -> dict[str, int]:
    return {name: column for column, name in enumerate(_measures())}


class Pair:
    """The numbers of one pair, as plain floats; everything that can't be told is NaN, and no comparison with it holds.

    Attributes:
        turn: how far the body turns to its left about the vertical, degrees, −180 to 180.
        trunk_turn: by how much the trunk's direction or front changes, heading aside, degrees.
        upright: the trunk stands within 50° of the vertical in both.
        comparable: both have a trunk; otherwise nothing can be told.
        stands: the hip frame's up is the world's in both.
        gained: statements that hold in B and not in A, in the order of the tables.
        held: those of A.
        holding: those of B.
    """

    __slots__ = (
        "_after", "_before", "_bones", "_code_columns", "_codes_after", "_codes_before", "comparable", "gained", "held",
        "holding", "stands", "still", "swing", "trunk_turn", "turn", "twisted", "upright",
    )  # fmt: skip

    def __init__(self, rows: dict[str, list], number: int, columns: dict[str, int]) -> None:
        self._before, self._after = rows["before"][number], rows["after"][number]
        self._bones = rows["bones before"][number], rows["bones after"][number]
        self._codes_before, self._codes_after = rows["codes before"][number], rows["codes after"][number]
        self._code_columns = columns
        self.turn: float = rows["turn"][number]
        self.trunk_turn: float = rows["trunk turn"][number]
        self.swing: list[float] = rows["swing"][number]
        self.still: list[float] = rows["still"][number]
        self.twisted: list[float] = rows["twisted"][number]
        self.stands: bool = rows["stands"][number]
        self.gained: dict[str, None] = rows["gained"][number]
        self.held: frozenset[str] = rows["held"][number]
        self.holding: frozenset[str] = rows["holding"][number]
        tilt = _columns()["torso tilt"]
        self.upright = self._before[tilt] < 50 and self._after[tilt] < 50
        self.comparable = self._before[tilt] >= 0 and self._after[tilt] >= 0

    def change(self, name: str) -> Change:
        """A measure before and after."""
        column = _columns()[name]
        return Change(name, _measures()[name].unit, self._before[column], self._after[column])

    def before(self, name: str) -> float:
        """A measure of A."""
        return self._before[_columns()[name]]

    def after(self, name: str) -> float:
        """A measure of B."""
        return self._after[_columns()[name]]

    def delta(self, name: str) -> float:
        """A measure of B less that of A."""
        column = _columns()[name]
        return self._after[column] - self._before[column]

    def bone(self, name: str, after: bool) -> tuple[float, float, float, float]:
        """Direction of a bone as (outward, along the trunk or up, front, world's up), each −1 to 1."""
        return self._bones[after][BONE_INDEX[name]]

    def code_change(self, statement: str) -> Change:
        """The first measure of a posecode before and after."""
        measure = table.posecodes_by_name()[statement].alternatives[0][0].measure
        column = self._code_columns[measure.name]
        return Change(measure.name, measure.unit, self._codes_before[column], self._codes_after[column])


def pair_values(a: PosePoints, b: PosePoints, gaps_a: GAPS | None = None, gaps_b: GAPS | None = None) -> list[Pair]:
    """Measures N pairs of poses, row by row."""
    measures = tuple(_measures().values())
    codes_a, codes_b = extract(a, gaps=gaps_a), extract(b, gaps=gaps_b)
    frames_a, frames_b = _level_frames(a), _level_frames(b)
    bones_a, bones_b = _directions(a), _directions(b)
    rows: dict[str, list] = {
        "before": measure_all(measures, a).T.tolist(),
        "after": measure_all(measures, b).T.tolist(),
        "bones before": _with_outward(bones_a, a).tolist(),
        "bones after": _with_outward(bones_b, b).tolist(),
        "codes before": codes_a.values.tolist(),
        "codes after": codes_b.values.tolist(),
        "turn": _turn(a, b).tolist(),
        "trunk turn": angle_deg(frames_a, frames_b).amax(-1).tolist(),
        "swing": angle_deg(bones_a, bones_b).tolist(),
        "still": angle_deg(_level_directions(a), _level_directions(b)).tolist(),
        "twisted": _twisted(bones_a, bones_b).tolist(),
        "stands": (_stands(a) & _stands(b)).tolist(),
    }
    rows |= _code_sets(codes_a, codes_b)
    columns = {measure.name: column for column, measure in enumerate(codes_a.measures)}
    return [Pair(rows, number, columns) for number in range(len(a))]


def _code_sets(a: Extraction, b: Extraction) -> dict[str, list]:
    names = [code.name for code in a.codes]
    sure = b.margins.new_tensor([SURE[measure.unit] for measure in b.measures])[b.deciding]
    gained = (b.margins >= sure) & (a.margins < 0)

    def sets(mask: Tensor) -> list[list[str]]:
        found: list[list[str]] = [[] for _ in range(len(mask))]
        for row, column in mask.nonzero().tolist():
            found[row].append(names[column])
        return found

    return {
        "gained": [dict.fromkeys(row) for row in sets(gained)],
        "held": [frozenset(row) for row in sets(a.holds)],
        "holding": [frozenset(row) for row in sets(b.margins >= sure)],
    }


def _world_directions(pose: PosePoints) -> Tensor:
    """(N, 8, 3) unit directions of `BONES`."""
    starts = torch.stack([pose.of(f"{side} {start}") for side in SIDES for start, _ in _BONES.values()], 1)
    ends = torch.stack([pose.of(f"{side} {end}") for side in SIDES for _, end in _BONES.values()], 1)
    return unit(ends - starts)


def _directions(pose: PosePoints) -> Tensor:
    """(N, 8, 3) the same in the chest frame (arms) and the hip frame (legs): left, up, front."""
    world = _world_directions(pose)
    frames = [pose.chest_frame if "arm" in bone else pose.hip_frame for bone in BONES]
    return (torch.stack(frames, 1) @ world[..., None]).squeeze(-1)


def _with_outward(directions: Tensor, pose: PosePoints) -> Tensor:
    """(N, 8, 4) outward, up, front, and the world's up."""
    outward = directions.new_tensor([1.0 if bone.startswith("left") else -1.0 for bone in BONES])
    world_up = _world_directions(pose)[..., 1]
    return torch.stack([directions[..., 0] * outward, directions[..., 1], directions[..., 2], world_up], -1)


def _heading(pose: PosePoints) -> Tensor:
    """Heading of the hips, radians, from the line of the hips; NaN where that is steep."""
    left = pose.hip_frame[:, 0]
    level = length(left[:, [0, 2]])
    heading = torch.atan2(-left[:, 2], left[:, 0])
    return torch.where(level > LEAST_LEVEL, heading, torch.full_like(heading, float("nan")))


def _turn(a: PosePoints, b: PosePoints) -> Tensor:
    """Change of heading, degrees to the left; NaN when the bodies don't stand or lie alike."""
    turn = torch.rad2deg(torch.remainder(_heading(b) - _heading(a) + math.pi, 2 * math.pi) - math.pi)
    facing_a, facing_b = a.chest_frame[:, 2, 1], b.chest_frame[:, 2, 1]
    lie_alike = (facing_a.abs() > 0.6) & (facing_b.abs() > 0.6) & (facing_a * facing_b > 0)
    inverted = (a.chest_frame[:, 1, 1] < -0.6) & (b.chest_frame[:, 1, 1] < -0.6)
    alike = (_stands(a) & _stands(b)) | (~_stands(a) & ~_stands(b) & (lie_alike | inverted))
    return torch.where(alike, turn, torch.full_like(turn, float("nan")))


def _stands(pose: PosePoints) -> Tensor:
    return pose.hip_frame[:, 1, 1] > UPRIGHT


def _without_heading(vectors: Tensor, heading: Tensor) -> Tensor:
    """(N, K, 3) turned back about the vertical."""
    cos, sin = torch.cos(heading)[:, None], torch.sin(heading)[:, None]
    x, y, z = vectors.unbind(-1)
    return torch.stack([x * cos - z * sin, y, x * sin + z * cos], -1)


def _level_frames(pose: PosePoints) -> Tensor:
    """(N, 2, 3) the trunk's direction and front with the heading taken away."""
    return _without_heading(pose.chest_frame[:, 1:], _heading(pose))


def _level_directions(pose: PosePoints) -> Tensor:
    return _without_heading(_world_directions(pose), _heading(pose))


def _twisted(before: Tensor, after: Tensor) -> Tensor:
    """(N, 4) how far forearms and shins (left, left, right, right) are from where the bones above would carry them.

    The upper bone's smallest rotation carries the lower one along; opening or closing the hinge then happens in the
    plane that they lie in. What is left is a turn about the upper bone.
    """
    upper, lower = [0, 2, 4, 6], [1, 3, 5, 7]
    from_, to, bone = before[:, upper], after[:, upper], before[:, lower]
    axis = torch.linalg.cross(from_, to, dim=-1)
    cosine = (from_ * to).sum(-1, keepdim=True)
    dot = (axis * bone).sum(-1, keepdim=True)
    carried = bone * cosine + torch.linalg.cross(axis, bone, dim=-1) + axis * dot / (1 + cosine).clamp_min(1e-3)

    def across(vector: Tensor) -> Tensor:
        return vector - to * (vector * to).sum(-1, keepdim=True)

    found, expected = across(after[:, lower]), across(carried)
    bent = (length(found) > 0.3) & (length(expected) > 0.3)  # an elbow within 17° of straight has no plane
    return torch.where(bent, angle_deg(found, expected), torch.full_like(found[..., 0], float("nan")))
