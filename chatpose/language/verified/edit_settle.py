"""Bodies on hands and knees or feet: after a change of trunk or hips they are put down on both again."""

import math
from dataclasses import dataclass

from chatpose.body.rotations import axis_angle_to_matrix
from chatpose.language.verified.edit_state import Working

_DOWN_M, _TURN_DEG = 0.09, 40.0
_HANDS = ("left_hand", "right_hand")
_BACKS = (("left_knee", "right_knee"), ("left_foot", "right_foot"))


@dataclass(frozen=True)
class Support:
    """What a body that faces the floor rests on.

    Attributes:
        back: joints of the knees or feet, of which at least one is down.
        gap: how much higher the hands' joints were than these.
    """

    back: tuple[str, ...]
    gap: float


def support_of(work: Working) -> Support | None:
    """Hands with knees or feet on the floor under a trunk that faces down; None for other bodies."""
    floor = float(work.points.floor[0])
    if float(work.axis("chest", 2)[1]) > -0.3 or min(_height(work, joint) for joint in _HANDS) - floor > _DOWN_M:
        return None
    if _height(work, "pelvis") - floor < 0.2:
        return None
    for back in _BACKS:
        down = tuple(joint for joint in back if _height(work, joint) - floor < _DOWN_M)
        if down:
            return Support(down, _gap(work, down))
    return None


def settle(work: Working, support: Support) -> None:
    """Turns the whole body about its left axis until hands and knees or feet are as level as they were."""
    back = min(support.back, key=lambda joint: _height(work, joint))
    found = Support((back,), support.gap)
    if abs(_gap(work, found.back) - found.gap) < 0.01:
        return
    low, high = -_TURN_DEG, _TURN_DEG
    if (_after(work, low, found)) * (_after(work, high, found)) > 0:
        return
    rising = _after(work, high, found) > 0
    for _ in range(18):
        middle = (low + high) / 2
        above = _after(work, middle, found) > 0
        low, high = (low, middle) if above == rising else (middle, high)
    _turn(work, (low + high) / 2)


def _after(work: Working, degrees: float, support: Support) -> float:
    tried = work.copy()
    _turn(tried, degrees)
    return _gap(tried, support.back) - support.gap


def _turn(work: Working, degrees: float) -> None:
    axis = work.axis("hip", 0)
    work.turn("pelvis", axis_angle_to_matrix(axis / axis.norm() * math.radians(degrees)))


def _height(work: Working, joint: str) -> float:
    return float(work.position(joint)[1])


def _gap(work: Working, back: tuple[str, ...]) -> float:
    return min(_height(work, joint) for joint in _HANDS) - min(_height(work, joint) for joint in back)
