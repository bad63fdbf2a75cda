"""What BlazePose gets wrong, put on exact landmarks: training for photos without photos.

`BankNoise` takes errors as they were measured: for a view it looks for measured people that stand alike before the
camera and puts their errors on it, all 33 points' at once or part by part, so that what goes wrong together goes wrong
together. `DrawnNoise` needs no measurements: Gaussians of about the same width.

Errors are kept in the true view frame (`chatpose.perception.features.view_frame` of the true points): image points in
sizes of the person, world points in metres.
"""

import dataclasses
import math
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from chatpose.body.rotations import about_axis
from chatpose.perception.features import HIPS, MIRROR, Sightings, seen_from, view_frame, view_roll
from chatpose.perception.landmarks import NAMES
from chatpose.perception.virtual_views import VirtualViews

PART_STARTS = (("nose", "eye", "ear", "mouth"), ("shoulder", "hip"), ("elbow", "wrist", "pinky", "index", "thumb"))
MOST_TURN_RAD = math.pi / 3
NEAREST_RAY = 0.05
"""Least depth, metres, of a point that is given a direction."""


@dataclass(frozen=True, eq=False)
class TrueViews:
    """The exact landmarks of people in photos.

    Attributes:
        tangents: (N, 33, 2) as in `Sightings`.
        points_view: (N, 33, 3) metres from the middle of the hips, in the true view frame.
        photo_from_view: (N, 3, 3).
        size: (N,).
        inside: (N, 33) 1 or 0.
        half_view: (N, 2).
    """

    tangents: Tensor
    points_view: Tensor
    photo_from_view: Tensor
    size: Tensor
    inside: Tensor
    half_view: Tensor

    @classmethod
    def of(cls, points_photo: Tensor, inside: Tensor, half_view: Tensor) -> "TrueViews":
        """From points (N, 33, 3) in the photo frame, metres from the camera."""
        tangents = points_photo[..., :2] / (-points_photo[..., 2:]).clamp_min(NEAREST_RAY)
        turn, size = view_frame(tangents)
        centred = points_photo - points_photo[:, HIPS].mean(1, keepdim=True)
        return cls(tangents, centred @ turn, turn, size, inside.float(), half_view)

    @classmethod
    def of_views(cls, views: VirtualViews) -> "TrueViews":
        """From virtual views, with the true focal length."""
        half = views.size_px / 2 / views.focal_px[:, None]
        return cls.of(views.points_photo, views.points_inside, half)

    def __len__(self) -> int:
        return len(self.size)

    def mirrored(self) -> "TrueViews":
        """In the mirrored photos."""
        flip = self.points_view.new_tensor([-1.0, 1.0, 1.0])
        turn = self.photo_from_view * (flip[:, None] * flip)
        tangents, points = self.tangents[:, MIRROR] * flip[:2], self.points_view[:, MIRROR] * flip
        return TrueViews(tangents, points, turn, self.size, self.inside[:, MIRROR], self.half_view)


@dataclass(frozen=True, eq=False)
class LandmarkErrors:
    """What was seen, minus the truth.

    Attributes:
        image: (N, 33, 2) in sizes of the person, true view frame.
        world: (N, 33, 3) metres, view axes.
        visibility: (N, 33) logits.
        sharpness: (N, 33) logits.
    """

    image: Tensor
    world: Tensor
    visibility: Tensor
    sharpness: Tensor

    @classmethod
    def measured(cls, seen: Sightings, true: TrueViews) -> "LandmarkErrors":
        """Of people seen with the true focal length."""
        flat = seen_from(true.photo_from_view, seen.tangents) - seen_from(true.photo_from_view, true.tangents)
        turned = seen.world_m @ about_axis("z", view_roll(true.photo_from_view))
        logits = (torch.logit(one, eps=1e-6) for one in (seen.visibility, seen.sharpness))
        return cls(flat / true.size[:, None, None], turned - true.points_view, *logits)

    def of(self, rows: Tensor) -> "LandmarkErrors":
        """Some of them; `rows` (N,), or (N, 33) to take each point's from another."""
        if rows.ndim == 2:
            rows_points = (rows, torch.arange(rows.shape[1], device=rows.device))
            return LandmarkErrors(*(getattr(self, one.name)[rows_points] for one in dataclasses.fields(self)))
        return LandmarkErrors(*(getattr(self, one.name)[rows] for one in dataclasses.fields(self)))

    def mirrored(self) -> "LandmarkErrors":
        """In the mirrored photos."""
        flip = self.world.new_tensor([-1.0, 1.0, 1.0])
        image, world = self.image[:, MIRROR] * flip[:2], self.world[:, MIRROR] * flip
        return LandmarkErrors(image, world, self.visibility[:, MIRROR], self.sharpness[:, MIRROR])

    def put_on(self, true: TrueViews) -> Sightings:
        """What is seen of exact landmarks with these errors."""
        rays = seen_from(true.photo_from_view, true.tangents) + self.image * true.size[:, None, None]
        photo = torch.cat([rays, -torch.ones_like(rays[..., :1])], dim=-1) @ true.photo_from_view.mT
        tangents = photo[..., :2] / (-photo[..., 2:]).clamp_min(NEAREST_RAY)
        roll = about_axis("z", view_roll(true.photo_from_view))
        world = (true.points_view + self.world) @ roll.mT
        inside = (tangents.abs() < true.half_view[:, None]).all(-1).float()
        return Sightings(tangents, world, self.visibility.sigmoid(), self.sharpness.sigmoid(), inside, true.half_view)


class LandmarkNoise(Protocol):
    """Draws errors for exact landmarks."""

    def draw(self, true: TrueViews, generator: torch.Generator) -> LandmarkErrors:
        """One set of errors a view."""
        ...


@dataclass(frozen=True)
class DrawnNoise:
    """Gaussians with a few larger errors: what is known without measuring.

    Attributes:
        image: standard deviation of image points in sizes of the person.
        depth_m: of world points along the line of sight; a third of it across.
        depth_kept: least share of the true depth that world points keep.
        hidden: how much larger errors are outside the photo.
        swapped: share of people whose left and right are exchanged.
    """

    image: float = 0.06
    depth_m: float = 0.08
    depth_kept: float = 0.6
    hidden: float = 3.0
    swapped: float = 0.02

    def draw(self, true: TrueViews, generator: torch.Generator) -> LandmarkErrors:
        """One set of errors a view."""
        count, points = true.inside.shape

        def normal(*shape: int) -> Tensor:
            return torch.randn(count, *shape, generator=generator).to(true.size)

        worse = torch.where(true.inside > 0, 1.0, self.hidden)[..., None]
        tails = (0.5 * normal(points, 1)).exp() * worse
        # Half of an error is shared by the points of a part.
        parts = _parts(true.size.device)
        shared = normal(int(parts.max()) + 1, 3)[:, parts]
        errors = (0.7 * shared + 0.7 * normal(points, 3)) * tails
        kept = self.depth_kept + (1 - self.depth_kept) * torch.rand(count, 1, generator=generator).to(true.size)
        axes = true.size.new_tensor([1 / 3, 1 / 3, 1.0])
        world = errors * self.depth_m * axes
        world[..., 2] += (kept - 1) * true.points_view[..., 2]
        image = errors[..., :2] * self.image
        swap = torch.rand(count, 1, 1, generator=generator).to(true.size) < self.swapped
        here = seen_from(true.photo_from_view, true.tangents) / true.size[:, None, None]
        image = torch.where(swap, image + here[:, MIRROR] - here, image)
        world = torch.where(swap, world + true.points_view[:, MIRROR] - true.points_view, world)
        seen = torch.where(true.inside > 0, 3.0, -2.0)
        return LandmarkErrors(image, world, seen + 1.5 * normal(points), seen - 2 + normal(points))


class BankNoise:
    """Errors of measured people, with their mirror images.

    A bank of some thousand people would soon be known by heart. So errors are mixed anew for each view: about the
    median of those who stand alike, two of them are turned into each other (cos·a + sin·b keeps the spread of
    independent errors), and parts of the body come from different people.

    Args:
        true: exact landmarks of the measured people.
        errors: what BlazePose got wrong of them.
        nearest: so many who stand most alike are drawn from.
        blended: share of views whose errors are turned into each other; the others get one person's as they are.
        mixed: share of views whose parts come from different people.
        jitter: standard deviation of what is added to image points, in sizes of the person, and to world points, in
            metres.
        among: people who are looked through for a batch, to save time.
    """

    def __init__(
        self,
        true: TrueViews,
        errors: LandmarkErrors,
        *,
        nearest: int = 8,
        blended: float = 0.7,
        mixed: float = 0.5,
        jitter: float = 0.02,
        among: int = 6000,
    ) -> None:
        other, mirrored = errors.mirrored(), true.mirrored()
        both = (torch.cat([getattr(errors, one.name), getattr(other, one.name)]) for one in dataclasses.fields(errors))
        self.errors = LandmarkErrors(*both)
        self.rows = torch.cat([self._row(true), self._row(mirrored)])
        self.nearest, self.among = min(nearest, len(self.rows)), among
        self.blended, self.mixed, self.jitter = blended, mixed, jitter

    def __len__(self) -> int:
        return len(self.rows)

    def draw(self, true: TrueViews, generator: torch.Generator) -> LandmarkErrors:
        """One set of errors a view."""
        device, count = true.size.device, len(true)

        def uniform(*shape: int) -> Tensor:
            return torch.rand(count, *shape, generator=generator).to(device)

        among = torch.randperm(len(self), generator=generator)[: self.among].to(device)
        near = among[torch.cdist(self._row(true), self.rows[among]).topk(self.nearest, largest=False).indices]
        parts = _parts(device)
        kinds = int(parts.max()) + 1
        pick = (uniform(2, kinds) * near.shape[1]).long()
        pick = torch.where(uniform(1, 1) < self.mixed, pick, pick[..., :1])[..., parts]
        first, second = (self.errors.of(near.gather(1, pick[:, side])) for side in (0, 1))
        angle = torch.where(uniform(1, 1) < self.blended, MOST_TURN_RAD * (2 * uniform(1, 1) - 1), 0.0)
        image, world = (
            _turned(angle, getattr(first, name), getattr(second, name), self._middle(name, near))
            for name in ("image", "world")
        )
        image, world = (
            one + self.jitter * torch.randn(one.shape, generator=generator).to(one) for one in (image, world)
        )
        return LandmarkErrors(image, world, first.visibility, first.sharpness)

    def _middle(self, name: str, near: Tensor) -> Tensor:
        """Medians of the errors of (N, nearest) people."""
        return getattr(self.errors, name)[near].median(1).values

    @staticmethod
    def _row(true: TrueViews) -> Tensor:
        """(N, numbers) in which people are near who are seen alike, as to stance, view and what is in the photo."""
        points = true.points_view[:, _ROW_POINTS] * true.size.new_tensor([1.0, 1.0, 0.7])
        return torch.cat([points.flatten(1), _INSIDE_WEIGHT * true.inside[:, _ROW_POINTS]], dim=-1)


_ROW_NAMES = ("shoulder", "elbow", "wrist", "hip", "knee", "ankle", "foot_index", "ear")
_ROW_POINTS = [row for row, name in enumerate(NAMES) if name.partition("_")[2] in _ROW_NAMES or name == "nose"]
_INSIDE_WEIGHT = 0.25
"""A point in the photo against one outside, as so many metres between them."""


def _turned(angle: Tensor, first: Tensor, second: Tensor, middle: Tensor) -> Tensor:
    """Two errors about a middle, turned into each other; the first as it is where the angle is 0."""
    return middle + angle.cos() * (first - middle) + angle.sin() * (second - middle)


def _parts(device: torch.device) -> Tensor:
    """(33,) the part of each point: head 0, trunk 1, left and right arm 2 and 3, left and right leg 4 and 5."""
    found = []
    for name in NAMES:
        side, bare = int(name.startswith("right_")), name.removeprefix("left_").removeprefix("right_")
        if bare.startswith(PART_STARTS[0]):
            found.append(0)
        elif bare.startswith(PART_STARTS[1]):
            found.append(1)
        else:
            found.append((2 if bare.startswith(PART_STARTS[2]) else 4) + side)
    return torch.tensor(found, device=device)
