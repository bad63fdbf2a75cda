"""What a landmark bank says of BlazePose: bias, spread, swapped sides, people that it doesn't find."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from chatpose.body.keypoints import keypoint_set
from chatpose.body.rotations import heading_angle
from chatpose.body.skeleton import SMPL
from chatpose.perception.landmarks import KIND, NAMES
from chatpose.perception.virtual_views import CROPS, project

if TYPE_CHECKING:
    from chatpose.train.landmark_bank import LandmarkBank

STATURE_M = 1.7
SWAPPED_BELOW = 0.6
"""Sides count as swapped where the points fit the other side's with less than this share of the error…"""
SWAP_MATTERS = 0.06
"""…and that error is more than this part of the person's height."""


def report(bank: "LandmarkBank", kinds: Sequence[str]) -> str:
    """Tables as text.

    Args:
        bank: any rows.
        kinds: of the pool that it was made from.
    """
    lines = [f"{len(bank)} scenes, found {_percent(bank.found)}, more than one person seen {_percent(bank.people > 1)}"]
    lines += ["", "not found, by kind of pose, posture, view, crop"]
    lines += _misses(bank, kinds)
    seen = bank[bank.found]
    if len(seen):
        lines += ["", "sides swapped, by where the person faces (0: the camera)", *_swaps(seen)]
        lines += ["", *_errors(seen)]
    return "\n".join(lines)


def image_errors(bank: "LandmarkBank") -> Tensor:
    """(N, 33, 2) seen minus true in the picture, y down, in parts of the height of a `STATURE_M` person there."""
    true = project(bank.points_photo, bank.focal_px, bank.photo_size.float())
    return (bank.image_px - true) / _height_px(bank)[:, None, None]


def world_errors(bank: "LandmarkBank") -> Tensor:
    """(N, 33, 3) seen minus true in metres, photo frame, the middle of the hips at 0."""
    hips = [NAMES.index("left_hip"), NAMES.index("right_hip")]
    return bank.world_m - (bank.points_photo - bank.points_photo[:, hips].mean(1, keepdim=True))


def swapped(bank: "LandmarkBank") -> Tensor:
    """(N,) bool, whether left and right are exchanged in the picture."""
    true = project(bank.points_photo, bank.focal_px, bank.photo_size.float()) / _height_px(bank)[:, None, None]
    seen = bank.image_px / _height_px(bank)[:, None, None]
    paired = [NAMES.index(f"{side}_{part}") for part in _LIMBS for side in ("left", "right")]
    mirror = torch.tensor(keypoint_set(KIND).mirror_index)[paired]
    right_way = (seen[:, paired] - true[:, paired]).norm(dim=-1).mean(-1)
    other_way = (seen[:, paired] - true[:, mirror]).norm(dim=-1).mean(-1)
    return (other_way < SWAPPED_BELOW * right_way) & (right_way > SWAP_MATTERS)


_LIMBS = ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")


def posture(bank: "LandmarkBank") -> Tensor:
    """(N,) 0 upright, 1 leaning, 2 level, 3 upside down, by the trunk's tilt against the vertical."""
    return torch.bucketize(trunk_tilt_deg(bank), torch.tensor([30.0, 60.0, 120.0]))


POSTURES = ("trunk upright", "trunk leaning 30-60", "trunk level 60-120", "upside down")


def trunk_tilt_deg(bank: "LandmarkBank") -> Tensor:
    """(N,) angle between trunk and vertical, 0 upright."""
    from chatpose.perception.photo_camera import level_to_photo

    trunk = bank.joints_photo[:, SMPL.index("neck")] - bank.joints_photo[:, SMPL.index("pelvis")]
    level = (trunk[:, None] @ level_to_photo(bank.pitch_rad, bank.roll_rad))[:, 0]
    return torch.rad2deg(torch.atan2(level[:, [0, 2]].norm(dim=-1), level[:, 1]))


def _height_px(bank: "LandmarkBank") -> Tensor:
    return bank.focal_px * STATURE_M / -bank.joints_photo[:, 0, 2]


def _percent(mask: Tensor) -> str:
    return f"{100 * mask.float().mean().item():.1f} %" if len(mask) else "-"


def _misses(bank: "LandmarkBank", kinds: Sequence[str]) -> list[str]:
    groups = [(name, bank.kind == number) for number, name in enumerate(kinds)]
    groups += [(name, posture(bank) == number) for number, name in enumerate(POSTURES)]
    pitch = torch.rad2deg(bank.pitch_rad)
    groups += [(f"camera looks down {low} to {high}", (pitch >= low) & (pitch < high)) for low, high in _PITCHES]
    groups += [(f"crop {name}", bank.crop == number) for number, name in enumerate(CROPS)]
    groups += [("clean", bank.clean), ("occluded", ~bank.clean)]
    return [f"  {name:28s} {_percent(~bank.found[of])} of {int(of.sum())}" for name, of in groups if of.any()]


_PITCHES = ((-90, -10), (-10, 10), (10, 30), (30, 50), (50, 90))


def _swaps(bank: "LandmarkBank") -> list[str]:
    facing = torch.rad2deg(heading_angle(bank.rotations[:, 0]).abs())
    lines = []
    for low, high in ((0, 30), (30, 60), (60, 90), (90, 120), (120, 150), (150, 181)):
        of = (facing >= low) & (facing < high) & (trunk_tilt_deg(bank) < 60)
        if of.any():
            lines.append(f"  {low:3d} to {high:3d}: {_percent(swapped(bank[of]))} of {int(of.sum())}")
    tilted = trunk_tilt_deg(bank) >= 60
    if tilted.any():
        lines.append(f"  trunk level or upside down: {_percent(swapped(bank[tilted]))} of {int(tilted.sum())}")
    return lines


def _errors(bank: "LandmarkBank") -> list[str]:
    """One line a point: bias and spread, apart for points that can be seen and that can't."""
    in_photo, covered, hidden = bank.points_sight.unbind(1)
    shown, behind = in_photo & ~covered & ~hidden, in_photo & (covered | hidden)
    image, world = 100 * image_errors(bank), 1000 * world_errors(bank)
    lines = [
        "error: median bias x, y and median distance in the picture, % of height; "
        "median bias x, y, z and median distance in the world, mm; mean visibility",
        f"{'':18s} {'seen':>52s} {'hidden':>52s} {'outside':>20s}",
    ]
    for number, name in enumerate(NAMES):
        cells = [_cell(bank, image, world, number, of[:, number]) for of in (shown, behind)]
        outside = ~in_photo[:, number]
        beyond = f"visibility {bank.visibility[outside, number].mean():.2f}" if outside.any() else ""
        lines.append(f"{name:18s} {cells[0]:>52s} {cells[1]:>52s} {beyond:>20s}")
    return lines


def _cell(bank: "LandmarkBank", image: Tensor, world: Tensor, number: int, of: Tensor) -> str:
    if not of.any():
        return "-"
    flat, deep = image[of, number], world[of, number]
    x, y = flat.median(0).values.tolist()
    a, b, c = deep.median(0).values.tolist()
    far, off = flat.norm(dim=-1).median().item(), deep.norm(dim=-1).median().item()
    shown = bank.visibility[of, number].mean().item()
    if math.isnan(far):
        return "-"
    return f"{x:5.1f} {y:5.1f} {far:5.1f} %  {a:5.0f} {b:5.0f} {c:5.0f} {off:5.0f} mm  {shown:.2f}"
