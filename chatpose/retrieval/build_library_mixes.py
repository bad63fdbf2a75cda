"""Limbs of one pose on another, for the shipped library: "tree pose, with the arms of archer"."""

from dataclasses import dataclass

import torch
from torch import Tensor

from chatpose.body.pose import Pose
from chatpose.body.skeleton import SMPL
from chatpose.corpus.augment import LIMBS
from chatpose.corpus.balance import WANTED_SHARES
from chatpose.corpus.families import FAMILIES
from chatpose.retrieval.build_library_made import Made, Parents

_HEAD = ("neck", "head")
_HANDS, _FEET = ([SMPL.index(f"{side}_{name}") - 1 for side in ("left", "right")] for name in ("hand", "foot"))
_BOTH_ARMS = (*LIMBS["left arm"], *LIMBS["right arm"])
SWAPS: dict[str, tuple[tuple[str, ...], float]] = {
    "arms": (_BOTH_ARMS, 0.42),
    "arms and head": ((*_BOTH_ARMS, *_HEAD), 0.14),
    "left arm": (LIMBS["left arm"], 0.14),
    "right arm": (LIMBS["right arm"], 0.14),
    "left leg": (LIMBS["left leg"], 0.08),
    "right leg": (LIMBS["right leg"], 0.08),
}
"""What is exchanged, and its share of the tries; arms go together, as hands hold things and each other."""
HELD_BY_HANDS = frozenset(("bar", "rope", "bike", "partner", "wall"))
"""Bodies that hang or lean on their hands need their own arms."""


ON_FEET_OR_SEAT = ("standing", "on one leg", "sitting")
"""Postures in which a leg can be another one, unless a chair or a movement carries the body; elsewhere it bears weight
in a way of its own."""
ON_THE_FLOOR_M = 0.02


@dataclass(frozen=True, eq=False)
class Pool:
    """Poses that limbs are exchanged between.

    Attributes:
        poses: (N,).
        row: (N,) the row of `Parents` that each is, or is a variation of.
    """

    poses: Pose
    row: Tensor


def mixes_of(parents: Parents, pool: Pool, tries: int, generator: torch.Generator) -> Made:
    """Poses with limbs of others that a person can be in.

    Args:
        parents: the atlas.
        pool: what is taken; bodies by the shares of posture families that people ask about, limbs from anywhere.
        tries: before those that can't be are thrown away.
        generator: source of the numbers.
    """
    base = torch.multinomial(_weights(parents, pool), tries, replacement=True, generator=generator)
    donor = torch.randint(len(pool.row), (tries,), generator=generator)
    swap = torch.multinomial(
        torch.tensor([share for _, share in SWAPS.values()]), tries, replacement=True, generator=generator
    )
    own, others, moved = pool.poses[base], pool.poses[donor], _joints_of_swaps()[swap]
    mixed = own.replace(body_pose=torch.where(moved[..., None, None], others.body_pose, own.body_pose))
    row, giving = pool.row[base], pool.row[donor]
    ancestry = [parents.measures.take(one) for one in (row, giving)]
    good = parents.judge.holds(parents.judge.measure(mixed), ancestry, parents.free[row % len(parents.atlas)])
    good &= row % len(parents.atlas) != giving % len(parents.atlas)
    rows = (good & _makes_sense(parents, own, mixed, row, moved)).nonzero()[:, 0]
    told = tuple(
        f"{_called(parents, one)}, with the {tuple(SWAPS)[limb]} of {_called(parents, other)}"
        for one, limb, other in zip(row[rows].tolist(), swap[rows].tolist(), giving[rows].tolist(), strict=True)
    )
    return Made("mixed", mixed[rows], row[rows] % len(parents.atlas), told, ((),) * len(rows))


def _joints_of_swaps() -> Tensor:
    """(swaps, 23) bool, the joints below the pelvis that each of `SWAPS` takes."""
    table = torch.zeros(len(SWAPS), len(SMPL) - 1, dtype=torch.bool)
    for number, (joints, _) in enumerate(SWAPS.values()):
        table[number, [SMPL.index(joint) - 1 for joint in joints]] = True
    return table


def _makes_sense(parents: Parents, own: Pose, mixed: Pose, row: Tensor, moved: Tensor) -> Tensor:
    """(N,) whether the body can do without what it lost: nobody's weight was on it, and the posture is still that."""
    family = parents.family(own)
    plain = torch.isin(family, torch.tensor([FAMILIES.index(name) for name in ON_FEET_OR_SEAT]))
    able = parents.free[row % len(parents.atlas)] & plain
    legs, hands = moved[:, _FEET].any(-1), moved[:, _HANDS].any(-1)
    return torch.where(legs, able, family == parents.family(mixed)) & ~(_leans_on_hands(parents, own) & hands)


def _leans_on_hands(parents: Parents, poses: Pose) -> Tensor:
    """(N,) whether a hand or elbow is on the floor, of bodies that don't lie on it."""
    low = parents.judge.on_the_floor(poses, ("left_hand", "right_hand", "left_elbow", "right_elbow"), ON_THE_FLOOR_M)
    return low & (parents.family(poses) != FAMILIES.index("lying"))


def _weights(parents: Parents, pool: Pool) -> Tensor:
    """(N,) chance of each body: every family its share, whatever its number of poses."""
    family = parents.family(pool.poses)
    counts = torch.bincount(family, minlength=len(FAMILIES)).clamp_min(1)
    wanted = torch.tensor([WANTED_SHARES[name] for name in FAMILIES])
    alone = torch.tensor([entry.held_by not in HELD_BY_HANDS for entry in parents.atlas])
    return (wanted / counts)[family] * alone[pool.row % len(alone)]


def _called(parents: Parents, row: int) -> str:
    mirrored, entry = divmod(row, len(parents.atlas))
    return parents.called(entry, bool(mirrored))
