"""Random cameras on posed bodies, as photos have them: what a lifter is trained on.

A view is drawn from the photo's side: lens, format, how the camera is held, which part of the person is meant to be in
the picture, how large and where. Distance and direction follow from that, so that crops, perspective and off-centre
people come as often as they are asked for.
"""

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import torch
from torch import Tensor

from chatpose.body.pose import Pose
from chatpose.body.rotations import about_axis, without_heading
from chatpose.perception.body_landmarks import BodyLandmarks
from chatpose.perception.landmarks import NAMES
from chatpose.perception.photo_camera import NEAREST_M, PhotoCamera, level_to_photo
from chatpose.shapes import Angle, Betas, Joints, Rotation, Vector

_HEAD = ("nose", "eye", "ear", "mouth")
_BUST = (*_HEAD, "shoulder")
_UPPER = (*_BUST, "elbow", "wrist", "pinky", "index", "thumb", "hip")
_LEGS = ("knee", "ankle", "heel", "foot")


@dataclass(frozen=True)
class Crop:
    """One way to take a person into the picture.

    Attributes:
        share: of all views.
        focus: points that are meant to be seen, by how their names begin after the side; all when empty.
        fill: least and most part of the picture that they take, in the direction in which they take more.
        cut: least and most part of them that is pushed out at a side; 0 keeps them in where they fit.
        edge: whether they touch the edge behind which the other points lie.
    """

    share: float
    focus: tuple[str, ...] = ()
    fill: tuple[float, float] = (0.25, 0.95)
    cut: tuple[float, float] = (0.0, 0.0)
    edge: bool = False


CROPS: dict[str, Crop] = {
    "whole": Crop(0.62),
    "tight": Crop(0.10, fill=(0.95, 1.1)),
    "side out": Crop(0.07, fill=(0.5, 1.1), cut=(0.15, 0.5)),
    "legs out": Crop(0.12, focus=_UPPER, fill=(0.6, 1.0), edge=True),
    "bust": Crop(0.06, focus=_BUST, fill=(0.35, 0.8), edge=True),
    "head out": Crop(0.03, focus=(*_LEGS, "hip"), fill=(0.6, 1.0), edge=True),
}


@dataclass(frozen=True)
class ViewSettings:
    """What views are drawn from.

    Attributes:
        fov_deg: least and most angle of view along the longer edge; uniform in the logarithm of the focal length.
        pitch_deg: mean and standard deviation of how far cameras look down.
        wild_pitch: share of cameras whose pitch is uniform in `wild_pitch_deg` instead.
        wild_pitch_deg: least and most of those.
        roll_deg: standard deviation.
        aspects: width to height.
        longest_px: longer edge of the photos.
        shape_limit: betas are N(0, 1) within this.
        floor_m: cameras are at least this far above the body's lowest point; nobody takes photos from under the floor.
        crops: by name.
    """

    fov_deg: tuple[float, float] = (25.0, 80.0)
    pitch_deg: tuple[float, float] = (9.0, 11.0)
    wild_pitch: float = 0.12
    wild_pitch_deg: tuple[float, float] = (-30.0, 75.0)
    roll_deg: float = 4.0
    aspects: tuple[float, ...] = (1.0, 3 / 4, 4 / 3, 2 / 3, 3 / 2, 9 / 16, 16 / 9, 4 / 5, 5 / 4)
    longest_px: int = 512
    shape_limit: float = 2.0
    floor_m: float = 0.1
    crops: Mapping[str, Crop] = field(default_factory=lambda: dict(CROPS))


@dataclass(frozen=True, eq=False)
class VirtualViews:
    """Bodies before cameras.

    Attributes:
        pose: (N,) in the level frame, metres from the camera.
        points_level: (N, 33, 3) BlazePose's points, metres, level frame.
        joints_level: (N, 24, 3) metres, level frame.
        size_px: (N, 2) width and height.
        focal_px: (N,).
        pitch_rad: (N,) how far the camera looks down.
        roll_rad: (N,).
        crop: (N,) place of each view's crop in the settings.
    """

    pose: Pose
    points_level: Joints
    joints_level: Joints
    size_px: Tensor
    focal_px: Tensor
    pitch_rad: Tensor
    roll_rad: Tensor
    crop: Tensor

    def __len__(self) -> int:
        return len(self.focal_px)

    def __getitem__(self, rows: Any) -> "VirtualViews":
        """Some of the views; slices, masks and index tensors."""
        return VirtualViews(*(getattr(self, entry.name)[rows] for entry in dataclasses.fields(self)))

    @property
    def photo_from_level(self) -> Rotation:
        """(N, 3, 3) turns the level frame into the photo frame."""
        return level_to_photo(self.pitch_rad, self.roll_rad)

    @property
    def points_photo(self) -> Joints:
        """(N, 33, 3) metres, photo frame."""
        return self.points_level @ self.photo_from_level.mT

    @property
    def joints_photo(self) -> Joints:
        """(N, 24, 3) metres, photo frame."""
        return self.joints_level @ self.photo_from_level.mT

    @property
    def points_px(self) -> Tensor:
        """(N, 33, 2) where the points are in the photo, in it or not."""
        return project(self.points_photo, self.focal_px, self.size_px)

    @property
    def points_inside(self) -> Tensor:
        """(N, 33) bool, which points are in the photo."""
        return inside(self.points_px, self.size_px) & (self.points_photo[..., 2] < -NEAREST_M)

    def camera(self, row: int) -> PhotoCamera:
        """The camera of one view."""
        width, height = (round(edge) for edge in self.size_px[row].tolist())
        pitch, roll = (math.degrees(float(angle[row])) for angle in (self.pitch_rad, self.roll_rad))
        return PhotoCamera(width, height, float(self.focal_px[row]), pitch, roll)


def project(points_photo: Joints, focal_px: Tensor, size_px: Tensor) -> Tensor:
    """(*batch, points, 2) pixels, as `PhotoCamera.project`, for cameras in a batch.

    Args:
        points_photo: (*batch, points, 3) metres, photo frame.
        focal_px: (*batch).
        size_px: (*batch, 2) width and height.
    """
    depth = (-points_photo[..., 2:]).clamp_min(NEAREST_M)
    scaled = points_photo[..., :2] / depth * focal_px[..., None, None]
    return size_px[..., None, :] / 2 + scaled * scaled.new_tensor([1.0, -1.0])


def inside(pixels: Tensor, size_px: Tensor) -> Tensor:
    """(*batch, points) bool, which pixels (*batch, points, 2) are in the photo."""
    return ((pixels >= 0) & (pixels < size_px[..., None, :])).all(-1)


def draw_views(
    poses: Pose,
    landmarks: BodyLandmarks,
    generator: torch.Generator,
    settings: ViewSettings | None = None,
    *,
    keep_shapes: bool = False,
) -> VirtualViews:
    """One random view of each pose.

    Args:
        poses: (N,) y up; headings and places don't matter.
        landmarks: of the body, BlazePose's points.
        generator: source of all numbers, on the CPU.
        settings: what is drawn from.
        keep_shapes: keep the poses' betas instead of drawing new ones.
    """
    settings = settings or ViewSettings()
    count, device = len(poses), poses.transl.device
    draws = _draw(count, generator, settings).to(device)
    betas = poses.betas if keep_shapes else draws.betas
    orient = about_axis("y", draws.heading_rad) @ without_heading(poses.global_orient)
    still = Pose(orient, poses.body_pose, betas, torch.zeros_like(poses.transl))
    points, world = landmarks.of_bodies(still)
    pitch = _above_floor(draws, points, settings)
    transl = _placed(draws, points, pitch, settings)
    for _ in range(_FLOOR_ROUNDS):
        under = (points[..., 1].amin(-1) + transl[:, 1] > -settings.floor_m).nonzero()[:, 0]
        if not len(under):
            break
        pitch[under] += math.radians(_FLOOR_STEP_DEG)
        transl[under] = _placed(_Draws(*(value[under] for value in draws)), points[under], pitch[under], settings)
    return VirtualViews(
        still.replace(transl=transl),
        points + transl[:, None],
        world.positions + transl[:, None],
        draws.size_px,
        draws.focal_px,
        pitch,
        draws.roll_rad,
        draws.crop,
    )


class _Draws(NamedTuple):
    """All that is random, (N, …)."""

    betas: Betas
    heading_rad: Tensor
    pitch_rad: Tensor
    roll_rad: Tensor
    focal_px: Tensor
    size_px: Tensor
    crop: Tensor
    fill: Tensor
    cut: Tensor
    aside: Tensor
    spare: Tensor

    def to(self, device: torch.device) -> "_Draws":
        return _Draws(*(value.to(device) for value in self))


def _draw(count: int, generator: torch.Generator, settings: ViewSettings) -> _Draws:
    def uniform(low: float | Tensor, high: float | Tensor) -> Tensor:
        return low + (high - low) * torch.rand(count, generator=generator)

    limit = settings.shape_limit
    betas = torch.randn(count, 10, generator=generator).clamp(-limit, limit)
    mean, spread = settings.pitch_deg
    pitch = mean + spread * torch.randn(count, generator=generator)
    wild = uniform(0, 1) < settings.wild_pitch
    pitch = torch.where(wild, uniform(*settings.wild_pitch_deg), pitch)
    aspect = torch.tensor(settings.aspects)[torch.randint(len(settings.aspects), (count,), generator=generator)]
    size = (torch.stack([aspect, torch.ones(count)], -1) / aspect.clamp_min(1)[:, None] * settings.longest_px).round()
    log_focal = [math.log(0.5 / math.tan(math.radians(fov) / 2)) for fov in settings.fov_deg]
    crops = list(settings.crops.values())
    crop = torch.multinomial(torch.tensor([kind.share for kind in crops]), count, True, generator=generator)
    fill, cut = torch.tensor([kind.fill for kind in crops])[crop], torch.tensor([kind.cut for kind in crops])[crop]
    return _Draws(
        betas=betas,
        heading_rad=uniform(-math.pi, math.pi),
        pitch_rad=torch.deg2rad(pitch),
        roll_rad=torch.deg2rad(settings.roll_deg * torch.randn(count, generator=generator)),
        focal_px=torch.exp(uniform(*log_focal)) * settings.longest_px,
        size_px=size,
        crop=crop,
        fill=uniform(fill[:, 0], fill[:, 1]),
        cut=uniform(cut[:, 0], cut[:, 1]) * torch.where(uniform(0, 1) < 0.5, -1.0, 1.0),
        # People are nearer to the middle than not.
        aside=(0.45 * torch.randn(count, 2, generator=generator)).clamp(-0.97, 0.97),
        spare=uniform(0, 1),
    )


def _above_floor(draws: _Draws, points: Joints, settings: ViewSettings) -> Angle:
    """(N,) pitch, raised where the camera would be under the body's lowest point as far as one can tell yet."""
    above = points.mean(-2)[..., 1] - points[..., 1].amin(-1)
    extent = (points.amax(-2) - points.amin(-2)).amax(-1)
    distance = draws.focal_px * extent / (draws.fill * draws.size_px.amin(-1))
    least = torch.asin(((settings.floor_m - above) / distance).clamp(-1, 1))
    return torch.where(draws.pitch_rad < least, least + draws.spare * math.radians(20.0), draws.pitch_rad)


_NEAR_M, _NEAREST_POINT_M = 0.3, 0.15
"""Nearest that the focus, and any point, come to the camera."""
_ROUNDS = 5
_FLOOR_ROUNDS, _FLOOR_STEP_DEG = 3, 12.0


def _placed(draws: _Draws, points_level: Joints, pitch_rad: Tensor, settings: ViewSettings) -> Vector:
    """(N, 3) how far to move points (N, 33, 3), in the level frame, to be framed as drawn.

    What the picture's scale does to the size in it is nearly a proportion, so a few rounds of the rule of three settle
    the distance, and the direction with it.
    """
    photo_from_level = level_to_photo(pitch_rad, draws.roll_rad)
    points = points_level @ photo_from_level.mT
    focus, edge = _masks(settings, points.device)
    seen, touches = focus[draws.crop], edge[draws.crop]
    low, high = _box(points, seen)
    points = points - (middle := (low + high) / 2)[:, None]
    nearest = torch.where(seen, points[..., 2], -torch.inf).amax(-1)
    least = torch.maximum(nearest + _NEAR_M, points[..., 2].amax(-1) + _NEAREST_POINT_M)
    size, focal = draws.size_px, draws.focal_px[:, None]
    distance = (focal * (high - low)[:, :2] / (draws.fill[:, None] * size)).amax(-1) + nearest
    ray = torch.zeros_like(size)
    for _ in range(_ROUNDS):
        distance = torch.maximum(distance, least)
        pixels = project(points + _along(ray, distance)[:, None], draws.focal_px, size)
        low, high = _box(pixels, seen)
        shift = _wanted(draws, pixels, seen, touches, low, high) - (low + high) / 2
        ray = ray + shift / focal * ray.new_tensor([1.0, -1.0])
        filled = ((high - low) / size).amax(-1)
        distance = nearest + (distance - nearest) * filled / draws.fill
    moved = _along(ray, torch.maximum(distance, least)) - middle
    return (moved[:, None] @ photo_from_level)[:, 0]


def _along(ray: Tensor, distance: Tensor) -> Vector:
    """(N, 3) points on rays (N, 2), whose z is -1, at depths (N,)."""
    return torch.cat([ray, -torch.ones_like(ray[:, :1])], -1) * distance[:, None]


def _wanted(draws: _Draws, pixels: Tensor, seen: Tensor, touches: Tensor, low: Tensor, high: Tensor) -> Tensor:
    """(N, 2) pixel that the middle of the focus's box should have."""
    size, extent = draws.size_px, high - low
    room = (size - extent) / 2
    wanted = size / 2 + draws.aside * room.abs()
    pushed = size[:, 0] / 2 + draws.cut.sign() * (room[:, 0] + draws.cut.abs() * extent[:, 0])
    wanted = torch.where((draws.cut != 0)[:, None], torch.stack([pushed, wanted[:, 1]], -1), wanted)
    # Towards the edge behind which the rest of the body lies, along the axis on which it lies farther off.
    rest = (pixels * ~seen[..., None]).sum(-2) / (~seen).sum(-1, keepdim=True).clamp_min(1) - (low + high) / 2
    along = rest.abs() >= rest.abs().amax(-1, keepdim=True)
    return torch.where(touches[:, None] & along, size / 2 + rest.sign() * room, wanted)


def _masks(settings: ViewSettings, device: torch.device) -> tuple[Tensor, Tensor]:
    """(crops, 33) which points are meant to be seen, (crops,) whether they touch the edge."""
    parts = [name.removeprefix("left_").removeprefix("right_") for name in NAMES]
    rows = [
        [not crop.focus or part.startswith(crop.focus) for part in parts] + [crop.edge]
        for crop in settings.crops.values()
    ]
    table = torch.tensor(rows, device=device)
    return table[:, :-1], table[:, -1]


def _box(points: Tensor, seen: Tensor) -> tuple[Tensor, Tensor]:
    """Least and most coordinates (N, k) of the seen points."""
    low = torch.where(seen[..., None], points, torch.inf).amin(-2)
    return low, torch.where(seen[..., None], points, -torch.inf).amax(-2)
