"""What the lifter is trained on: poses through random cameras with BlazePose's errors, and measured people."""

import dataclasses
import math
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from chatpose.body.kinematics import forward_kinematics, joints_to_offsets
from chatpose.body.model import BodyModel
from chatpose.body.pose import Pose
from chatpose.body.skeleton import SMPL
from chatpose.perception.body_landmarks import BodyLandmarks
from chatpose.perception.features import PersonFeatures, Sightings, features
from chatpose.perception.photo_camera import DEFAULT_FOV_DEG, NEAREST_M
from chatpose.perception.virtual_views import ViewSettings, draw_views, inside, project
from chatpose.train.landmark_noise import LandmarkNoise, TrueViews
from chatpose.train.tokenizer_data import TrainingPoses, with_noise

MIRROR = list(SMPL.mirror_index)


class LifterBatch(NamedTuple):
    """Rows of features with what the lifter should say to them.

    Attributes:
        row: what the lifter sees.
        rotations: (N, 24, 3, 3) of the joints against the view frame.
        joints: (N, 24, 3) metres of the mean shape, pelvis at 0, view frame.
        pitch_rad: (N,) of the camera.
        roll_rad: (N,).
    """

    row: PersonFeatures
    rotations: Tensor
    joints: Tensor
    pitch_rad: Tensor
    roll_rad: Tensor


@dataclass(frozen=True, eq=False)
class MeasuredPeople:
    """People on pictures whose truth is known.

    Attributes:
        seen: what BlazePose saw of them, with the true focal length.
        true: their exact landmarks.
        rotations: (N, 24, 3, 3) local, the pelvis' in the photo frame.
        joints: (N, 24, 3) metres of their own shape, photo frame, pelvis at 0.
        shown: (N, 24) bool, joints in the photo with nothing but the body itself before them.
        clean: (N,) bool, whole in the photo with nothing before them.
        pitch_rad: (N,).
        roll_rad: (N,).
    """

    seen: Sightings
    true: TrueViews
    rotations: Tensor
    joints: Tensor
    shown: Tensor
    clean: Tensor
    pitch_rad: Tensor
    roll_rad: Tensor

    def __len__(self) -> int:
        return len(self.seen)

    def to(self, device: torch.device | str) -> "MeasuredPeople":
        """On another device."""
        true = TrueViews(*(getattr(self.true, one.name).to(device) for one in dataclasses.fields(TrueViews)))
        rest = (getattr(self, one.name).to(device) for one in dataclasses.fields(self)[2:])
        return MeasuredPeople(self.seen.to(device), true, *rest)

    def __getitem__(self, rows: Tensor) -> "MeasuredPeople":
        """Some of them."""
        true = TrueViews(*(getattr(self.true, one.name)[rows] for one in dataclasses.fields(TrueViews)))
        rest = (getattr(self, one.name)[rows] for one in dataclasses.fields(self)[2:])
        return MeasuredPeople(self.seen[rows], true, *rest)


class PosePools:
    """Poses by kind, each kind with its share of the draws.

    Args:
        poses: the mixture of `chatpose.train.tokenizer_data.training_poses`.
        shares: of the kinds that it counts; kinds that aren't named are left out.
    """

    def __init__(self, poses: TrainingPoses, shares: dict[str, float]) -> None:
        self.rotations = poses.rotations
        starts, start = {}, 0
        for kind, count in poses.counts.items():
            starts[kind] = (start, count)
            start += count
        kept = [kind for kind in starts if shares.get(kind, 0) > 0 and starts[kind][1] > 0]
        self._share = torch.tensor([shares[kind] for kind in kept])
        self._start, self._count = torch.tensor([starts[kind] for kind in kept]).T

    def draw(self, count: int, generator: torch.Generator, noise_deg: float) -> Tensor:
        """(N, 24, 3, 3): half of them mirrored, half with noise of up to a standard deviation on every joint."""
        kind = torch.multinomial(self._share, count, True, generator=generator)
        place = torch.rand(count, generator=generator) * self._count[kind]
        drawn = self.rotations[self._start[kind] + place.long().minimum(self._count[kind] - 1)]
        mirrored = torch.rand(count, generator=generator) < 0.5
        drawn = torch.where(mirrored[:, None, None, None], mirrored_rotations(drawn), drawn)
        noisy = torch.rand(count, generator=generator) < 0.5
        shaken = with_noise(drawn, noise_deg, generator)
        return torch.where(noisy[:, None, None, None], shaken, drawn)


class LifterSamples:
    """Makes batches.

    Args:
        pools: of poses.
        noise: what BlazePose gets wrong.
        pairs: measured people to take as they are; none when absent.
        pair_share: of a batch.
        guessed_share: share of people whose focal length isn't known but guessed.
        noise_deg: most standard deviation of the noise on poses.
        views: how they are seen.
        device: where features are computed.
    """

    def __init__(
        self,
        pools: PosePools,
        noise: LandmarkNoise,
        *,
        pairs: MeasuredPeople | None = None,
        pair_share: float = 0.25,
        guessed_share: float = 0.6,
        noise_deg: float = 8.0,
        views: ViewSettings | None = None,
        device: torch.device | str = "cpu",
    ) -> None:
        model = BodyModel.open(device=device)
        self.device = device
        self.offsets = mean_offsets(model)
        self._landmarks = BodyLandmarks(model)
        self._pools, self._noise, self._views = pools, noise, views or ViewSettings()
        self._pairs = pairs if pairs is not None and len(pairs) else None
        self._pair_share = pair_share if self._pairs is not None else 0.0
        self._guessed_share, self._noise_deg = guessed_share, noise_deg

    @torch.no_grad()
    def draw(self, count: int, generator: torch.Generator) -> LifterBatch:
        """A batch."""
        measured = round(count * self._pair_share)
        parts = [self._seen_through_cameras(count - measured, generator)]
        if self._pairs is not None and measured:
            rows = torch.randint(len(self._pairs), (measured,), generator=generator).to(self.device)
            people = self._pairs[rows]
            flip = (torch.rand(measured, generator=generator) < 0.5).to(self.device)
            parts.append((_mirrored_where(people.seen, flip), *_truth_mirrored_where(people, flip)))
        seen, rotations, pitch, roll = zip(*parts, strict=True)
        names = [one.name for one in dataclasses.fields(Sightings)]
        joined = Sightings(*(torch.cat([getattr(part, name) for part in seen]) for name in names))
        unknown = (torch.rand(count, generator=generator) < self._guessed_share).to(self.device)
        return lifter_batch(
            with_guessed_focal(joined, unknown), torch.cat(rotations), torch.cat(pitch), torch.cat(roll), self.offsets
        )

    def _seen_through_cameras(self, count: int, generator: torch.Generator) -> tuple[Sightings, Tensor, Tensor, Tensor]:
        local = self._pools.draw(count, generator, self._noise_deg).to(self.device)
        views = draw_views(Pose.from_rotations(local), self._landmarks, generator, self._views)
        true = TrueViews.of_views(views)
        seen = self._noise.draw(true, generator).put_on(true)
        return seen, in_photo(views.pose.local_rotations, views.photo_from_level), views.pitch_rad, views.roll_rad


def virtual_people(
    rotations: Tensor, noise: LandmarkNoise, generator: torch.Generator, views: ViewSettings | None = None
) -> MeasuredPeople:
    """Poses (N, 24, 3, 3) through random cameras with drawn errors, for validation."""
    drawn = draw_views(Pose.from_rotations(rotations), BodyLandmarks(BodyModel.open()), generator, views)
    true = TrueViews.of_views(drawn)
    seen = noise.draw(true, generator).put_on(true)
    pixels = project(drawn.joints_photo, drawn.focal_px, drawn.size_px)
    shown = inside(pixels, drawn.size_px) & (drawn.joints_photo[..., 2] < -NEAREST_M)
    joints = drawn.joints_photo - drawn.joints_photo[:, :1]
    local = in_photo(drawn.pose.local_rotations, drawn.photo_from_level)
    return MeasuredPeople(seen, true, local, joints, shown, shown.all(-1), drawn.pitch_rad, drawn.roll_rad)


def lifter_batch(seen: Sightings, rotations: Tensor, pitch: Tensor, roll: Tensor, offsets: Tensor) -> LifterBatch:
    """Features and targets; `rotations` (N, 24, 3, 3) are local, the pelvis' in the photo frame."""
    row = features(seen)
    world = forward_kinematics(in_photo(rotations, row.photo_from_view.mT), offsets, offsets.new_zeros(3))
    return LifterBatch(row, world.rotations, world.positions, pitch, roll)


def with_guessed_focal(seen: Sightings, unknown: Tensor) -> Sightings:
    """What the same pixels mean when the focal length of some people (N,) is taken from `DEFAULT_FOV_DEG`."""
    guess = math.tan(math.radians(DEFAULT_FOV_DEG) / 2) / seen.half_view.amax(-1)
    scale = torch.where(unknown, guess, 1.0)
    tangents = seen.tangents * scale[:, None, None]
    return dataclasses.replace(seen, tangents=tangents, half_view=seen.half_view * scale[:, None])


def mean_offsets(model: BodyModel) -> Tensor:
    """(24, 3) of a body of mean shape, the pelvis' 0."""
    offsets = joints_to_offsets(model.rest_joints(model.data.v_template.new_zeros(10)))
    return torch.cat([torch.zeros_like(offsets[:1]), offsets[1:]])


def in_photo(local: Tensor, turn: Tensor) -> Tensor:
    """Local rotations (N, 24, 3, 3) whose pelvis is turned by (N, 3, 3) into another frame."""
    return torch.cat([(turn @ local[:, 0])[:, None], local[:, 1:]], dim=1)


def mirrored_rotations(rotations: Tensor) -> Tensor:
    """(N, 24, 3, 3) reflected in x = 0, local ones or those against one frame."""
    flip = rotations.new_tensor([-1.0, 1.0, 1.0])
    return rotations[:, MIRROR] * (flip[:, None] * flip)


def _mirrored_where(seen: Sightings, flip: Tensor) -> Sightings:
    other = seen.mirrored()
    columns = []
    for one in dataclasses.fields(Sightings):
        plain, mirrored = getattr(seen, one.name), getattr(other, one.name)
        columns.append(torch.where(flip.view(-1, *[1] * (plain.ndim - 1)), mirrored, plain))
    return Sightings(*columns)


def _truth_mirrored_where(people: MeasuredPeople, flip: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    rotations = torch.where(flip[:, None, None, None], mirrored_rotations(people.rotations), people.rotations)
    return rotations, people.pitch_rad, torch.where(flip, -people.roll_rad, people.roll_rad)
