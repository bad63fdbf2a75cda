"""Which parts of the body touch the floor and which touch each other, by capsules.

Distances are between surfaces, metres, negative where they overlap. Capsules follow the skin to within one or two
centimetres, so a few centimetres of overlap are a firm contact and not an error.
"""

from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

from chatpose.body.capsules import CAPSULE_JOINTS, CAPSULE_NAMES, CONTACT_PAIRS, TRUNK, BodyCapsules, pair_distances
from chatpose.body.kinematics import WorldJoints
from chatpose.errors import unknown_name
from chatpose.shapes import GroundDistances, Height, PairDistances

TOUCH_M = 0.02
"""Default gap below which two surfaces count as touching: the error of the capsules against the skin."""

# Ends of capsules (at the start "<", at the end ">") that make a part of one side.
_SIDED_PARTS: dict[str, tuple[str, ...]] = {
    "heel": ("foot<",),
    "ball": ("foot>", "toes<"),
    "toes": ("toes>",),
    "foot": ("foot<", "foot>", "toes<", "toes>"),
    "knee": ("thigh>", "shin<"),
    "hip": ("thigh<",),
    "hand": ("palm<", "palm>", "fingers<", "fingers>"),
    "elbow": ("upper_arm>", "forearm<"),
    "shoulder": ("upper_arm<",),
}
# Halves of the trunk's capsules, front or back.
_TRUNK_PARTS: dict[str, tuple[str, tuple[str, ...]]] = {
    "buttocks": ("back", ("pelvis",)),
    "back": ("back", ("chest", "upper_chest")),
    "belly": ("front", ("pelvis", "belly")),
    "chest": ("front", ("chest", "upper_chest")),
}

GROUND_PARTS: tuple[str, ...] = (
    *(f"{side}_{part}" for side in ("left", "right") for part in _SIDED_PARTS),
    *_TRUNK_PARTS,
    "head",
)
"""Parts whose distance from the floor is measured; `foot` is the nearest of heel, ball and toes."""


@dataclass(frozen=True, eq=False)
class Contacts:
    """Distances of a batch of poses.

    Attributes:
        pairs: (*batch, pairs) gap between each of `CONTACT_PAIRS`, metres, negative where they overlap.
        ground: (*batch, parts) height of each of `GROUND_PARTS` above the floor, metres, negative below it.
        floor: (*batch) height of the floor, metres.
    """

    pairs: PairDistances
    ground: GroundDistances
    floor: Height

    def touching(self, threshold_m: float = TOUCH_M) -> Tensor:
        """Which of `CONTACT_PAIRS` touch, bool (*batch, pairs)."""
        return self.pairs <= threshold_m

    def grounded(self, threshold_m: float = TOUCH_M) -> Tensor:
        """Which of `GROUND_PARTS` are on the floor, bool (*batch, parts)."""
        return self.ground <= threshold_m

    def pair(self, first: str, second: str) -> Tensor:
        """Gap of a named pair, (*batch) metres, in either order.

        Raises:
            UnknownNameError: these two are never tested.
        """
        for place, names in enumerate(CONTACT_PAIRS):
            if set(names) == {first, second}:
                return self.pairs[..., place]
        raise unknown_name("contact pair", f"{first}-{second}", [f"{a}-{b}" for a, b in CONTACT_PAIRS])

    def part(self, name: str) -> Tensor:
        """Height of a named part above the floor, (*batch) metres.

        Raises:
            UnknownNameError: no such part.
        """
        if name not in GROUND_PARTS:
            raise unknown_name("ground part", name, GROUND_PARTS)
        return self.ground[..., GROUND_PARTS.index(name)]

    def named_pairs(self, threshold_m: float = TOUCH_M) -> dict[tuple[str, str], float]:
        """For one pose: the touching pairs with their gaps, the deepest first."""
        found = {pair: float(gap) for pair, gap in zip(CONTACT_PAIRS, self.pairs, strict=True) if gap <= threshold_m}
        return dict(sorted(found.items(), key=lambda item: item[1]))

    def named_ground(self, threshold_m: float = TOUCH_M) -> dict[str, float]:
        """For one pose: the parts on the floor with their heights, the lowest first."""
        found = {part: float(gap) for part, gap in zip(GROUND_PARTS, self.ground, strict=True) if gap <= threshold_m}
        return dict(sorted(found.items(), key=lambda item: item[1]))


def find_contacts(capsules: BodyCapsules, world: WorldJoints, floor_m: float | Tensor | None = None) -> Contacts:
    """Measures floor and self contact of whole batches; differentiable.

    Args:
        capsules: from `body_capsules`, made once per body.
        world: the 24 joints, from `BodyModel.kinematics`.
        floor_m: height of the floor, a number or (*batch); under the lowest capsule when absent.
    """
    ends = capsules.place(world)
    bottoms = ends[..., 1] - capsules.end_radii
    floor = bottoms.amin(-1) if floor_m is None else torch.as_tensor(floor_m, dtype=ends.dtype, device=ends.device)
    floor = floor.expand(ends.shape[:-2])
    candidates = torch.cat([bottoms, *_trunk_halves(capsules, world, ends)], dim=-1)
    chosen, blank = _part_table(str(ends.device))
    heights = candidates[..., chosen].masked_fill(blank, torch.inf).amin(-1)
    pairs = pair_distances(ends, capsules.radii) + capsules.slack
    return Contacts(pairs, heights - floor[..., None], floor)


def _trunk_halves(capsules: BodyCapsules, world: WorldJoints, ends: Tensor) -> list[Tensor]:
    """Lowest points of the front and of the back half of every trunk capsule end: (*batch, 12) each."""
    count = len(TRUNK)
    joints = torch.tensor(CAPSULE_JOINTS[:count], device=ends.device)
    facing_up = world.rotations[..., joints, 1, 2].clamp(-1, 1)
    # The lowest point of a ball lies on the half that faces down; the other half's lies on its rim.
    rim = (1 - facing_up * facing_up).clamp_min(1e-12).sqrt()
    trunk = [*range(count), *range(len(CAPSULE_NAMES), len(CAPSULE_NAMES) + count)]
    middles, radii = ends[..., trunk, 1], capsules.end_radii[trunk]
    one = torch.ones_like(rim)
    front, back = torch.where(facing_up <= 0, one, rim), torch.where(facing_up >= 0, one, rim)
    return [middles - radii * torch.cat([half, half], dim=-1) for half in (front, back)]


@lru_cache(maxsize=8)
def _part_table(device: str) -> tuple[Tensor, Tensor]:
    """For each part the candidates that it is the lowest of, and where the table is padded."""
    count, trunk = len(CAPSULE_NAMES), len(TRUNK)
    place = {f"{name}<": index for index, name in enumerate(CAPSULE_NAMES)}
    place |= {f"{name}>": count + index for index, name in enumerate(CAPSULE_NAMES)}
    for half, base in (("front", 2 * count), ("back", 2 * count + 2 * trunk)):
        place |= {f"{half} {name}<": base + index for index, name in enumerate(TRUNK)}
        place |= {f"{half} {name}>": base + trunk + index for index, name in enumerate(TRUNK)}
    rows = [[place[f"{side}_{end}"] for end in ends] for side in ("left", "right") for ends in _SIDED_PARTS.values()]
    rows += [[place[f"{half} {name}{end}"] for name in names for end in "<>"] for half, names in _TRUNK_PARTS.values()]
    rows += [[place["head<"], place["head>"]]]
    width = max(map(len, rows))
    table = torch.tensor([row + [-1] * (width - len(row)) for row in rows], device=device)
    return table.clamp_min(0), table < 0
