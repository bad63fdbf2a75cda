"""What a body does as a whole, in few words: the first thing that the embedded model says of a pose.

Sides are left out (kneeling on one knee is one posture), so a pose and its mirror image have the same.
"""

from collections.abc import Mapping
from functools import cache

import numpy as np

from chatpose.posecodes.definitions import SIDES, all_posecodes

POSTURE_CODES: Mapping[str, tuple[str, ...]] = {
    "upside down": ("upside down",),
    "lying on the back": ("lying on the back",),
    "lying on the front": ("lying on the front",),
    "lying on a side": tuple(f"lying on the {side} side" for side in SIDES),
    "on all fours": ("on all fours",),
    "in a plank": ("in a plank",),
    "kneeling": ("kneeling",),
    "on one knee": tuple(f"kneeling on the {side} knee" for side in SIDES),
    "sitting on a chair": ("sitting as on a chair",),
    "sitting on the floor": ("sitting cross-legged", "sitting on the floor"),
    "squatting": ("squatting",),
    "lunging": tuple(f"lunging with the {side} leg in front" for side in SIDES),
    "bending forward": ("bending forward",),
    "on one leg": tuple(f"standing on the {side} leg" for side in SIDES),
    "standing": ("standing",),
}
"""The posecodes of each posture but the last."""
POSTURES: tuple[str, ...] = (*POSTURE_CODES, "other")
"""A pose is of the first posture of which a posecode holds."""
STANDING, OTHER = POSTURES.index("standing"), POSTURES.index("other")


@cache
def posture_columns() -> tuple[tuple[int, ...], ...]:
    """Columns of each posture's posecodes among all of them; the last posture has none."""
    place = {code.name: number for number, code in enumerate(all_posecodes())}
    return (*(tuple(place[name] for name in names) for names in POSTURE_CODES.values()), ())


def postures_of(holds: np.ndarray) -> np.ndarray:
    """(N,) uint8 place in `POSTURES` of poses of which (N, C) posecodes hold."""
    found = np.full(len(holds), OTHER, np.uint8)
    for place in reversed(range(OTHER)):
        found[holds[:, posture_columns()[place]].any(1)] = place
    return found
