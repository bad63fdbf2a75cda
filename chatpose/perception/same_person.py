"""Whether two readings are of one person."""

import numpy as np

from chatpose.body.keypoints import keypoint_set
from chatpose.perception.landmarks import KIND, Landmarks

SHARP = 0.4
"""Points below this tell nothing of where they are."""
NEAR = 0.12
"""Points nearer than this part of the person's size coincide."""
SHARE = 0.5
"""Readings are of one person when this share of the sharp points of one coincides with those of the other."""

_MIRROR = np.array(keypoint_set(KIND).mirror_index)


def person_size_px(person: Landmarks) -> float:
    """Diagonal of the box about the sharp points in the photo, pixels; half the crop's where there are none."""
    points = person.image_px[(person.sharpness >= SHARP) & person.inside]
    if len(points) < 2:
        return float(np.hypot(*(person.crop_px[2] - person.crop_px[0]))) / 2
    return max(1.0, float(np.hypot(*np.ptp(points, axis=0))))


def same_person(first: Landmarks, second: Landmarks) -> bool:
    """Whether the sharp points of either mostly coincide with the other's, also with left and right exchanged."""
    reach = NEAR * max(person_size_px(first), person_size_px(second))
    return _covers(first, second, reach) or _covers(second, first, reach)


def median_distance(first: Landmarks, second: Landmarks) -> float:
    """Median distance of the same points in the photo, as part of the first person's size."""
    apart = np.linalg.norm(first.image_px - second.image_px, axis=1)
    return float(np.median(apart)) / person_size_px(first)


def _covers(one: Landmarks, other: Landmarks, reach: float) -> bool:
    sharp = (one.sharpness >= SHARP) & one.inside
    straight = np.linalg.norm(one.image_px - other.image_px, axis=1)
    crossed = np.linalg.norm(one.image_px - other.image_px[_MIRROR], axis=1)
    near = np.minimum(straight, crossed) < reach
    return bool(sharp.any()) and float(near[sharp].mean()) >= SHARE
