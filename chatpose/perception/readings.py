"""Which of a person's hypotheses are worth showing: those that differ to the eye."""

from typing import NamedTuple

from torch import Tensor

from chatpose.body.model import BodyModel
from chatpose.perception.person import PhotoPerson

APART_M = 0.12
"""Some joint of two readings that count as different lies this far apart, pelvis on pelvis."""
LEAST_WEIGHT = 0.05
MOST = 5


class Reading(NamedTuple):
    """One way to read a person: `hypothesis` by its place, and `weight` of all those that look like it."""

    hypothesis: int
    weight: float


def distinct_readings(person: PhotoPerson, body: BodyModel, apart_m: float = APART_M) -> list[Reading]:
    """The readings, the likeliest hypothesis first, the others by falling weight; at least one.

    Args:
        person: with all hypotheses.
        body: whose joints tell them apart.
        apart_m: see `APART_M`; joints that aren't visible don't count.
    """
    joints = body.joints(person.poses)
    joints = joints - joints[:, :1]
    kept: list[int] = []
    weights: list[float] = []
    for place, weight in enumerate(person.weights.tolist()):
        gaps = [_gap(joints[place], joints[other], person.visible) for other in kept]
        near = min(range(len(kept)), key=gaps.__getitem__, default=None)
        if near is not None and gaps[near] < apart_m:
            weights[near] += weight
        else:
            kept.append(place)
            weights.append(weight)
    rest = sorted(zip(kept[1:], weights[1:], strict=True), key=lambda pair: -pair[1])
    told = [(kept[0], weights[0]), *(pair for pair in rest if pair[1] >= LEAST_WEIGHT)]
    return [Reading(*pair) for pair in told[:MOST]]


def _gap(first: Tensor, second: Tensor, visible: Tensor) -> float:
    apart = (first - second).norm(dim=-1)
    return float((apart[visible] if bool(visible.any()) else apart).max())
