"""`Evidence`: what photos say about bodies, in the units of the fit, for many hypotheses at once."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from chatpose.errors import InvalidPoseError
from chatpose.perception.features import Sightings
from chatpose.perception.fit_config import FitConfig
from chatpose.perception.landmarks import NAMES, Landmarks
from chatpose.perception.photo_camera import PhotoCamera

CROP_M = 2.4
"""Side of BlazePose's crop at the person's distance: two and a half times from the hips to the circle about the whole
body (Bazarevsky et al. 2020)."""
GUESS_M = 3.0
"""Distance where nothing tells it."""
FARTHEST_M = 200.0


@dataclass(frozen=True, eq=False)
class Evidence:
    """N rows, one a hypothesis; hypotheses about one person repeat what was seen of it.

    Attributes:
        tangents: (N, 33, 2) landmarks in the photo: from its middle, x to the right, y up, over the focal length.
        world_m: (N, 33, 3) as `Landmarks.world_m`.
        seen: (N, 33) 0 to 1, how much each landmark counts.
        focal_px: (N,).
        photo_from_level: (N, 3, 3).
        guess_m: (N, 3) where the hips are by the crop alone, photo frame.
    """

    tangents: Tensor
    world_m: Tensor
    seen: Tensor
    focal_px: Tensor
    photo_from_level: Tensor
    guess_m: Tensor

    def __len__(self) -> int:
        return len(self.tangents)

    def __getitem__(self, rows: Tensor | slice) -> "Evidence":
        """Some rows, or rows several times."""
        return Evidence(*(getattr(self, entry.name)[rows] for entry in dataclasses.fields(self)))

    def repeated(self, count: int) -> "Evidence":
        """Every row `count` times, the same rows together."""
        return self[torch.arange(len(self)).repeat_interleave(count)]

    @classmethod
    def of(cls, people: Sequence[Landmarks], cameras: Sequence[PhotoCamera], config: FitConfig) -> "Evidence":
        """One row a person.

        Args:
            people: what was seen.
            cameras: one a person.
            config: which landmarks count.

        Raises:
            InvalidPoseError: NaN, infinite or wrongly shaped landmarks.
        """
        for landmarks in people:
            _check(landmarks)
        sights = Sightings.of(people, cameras)
        focal = torch.tensor([camera.focal_px for camera in cameras])
        turns = [camera.photo_from_level for camera in cameras]
        seen = counted(sights.visibility, sights.inside, config)
        corners = torch.tensor(np.array([landmarks.crop_px for landmarks in people]), dtype=torch.float32)
        middles = torch.tensor([[camera.width / 2, camera.height / 2] for camera in cameras])
        crops = (corners.reshape(-1, 4, 2) - middles.reshape(-1, 1, 2)) / focal[:, None, None]
        guess = crop_guess(crops * crops.new_tensor([1.0, -1.0]))
        return cls(sights.tangents, sights.world_m, seen, focal, torch.stack(turns), guess)


def counted(visibility: Tensor, inside: Tensor, config: FitConfig) -> Tensor:
    """(*batch, 33) how much each landmark counts: nothing when hidden or outside the photo, else up to 1."""
    share = (visibility - config.hidden_below) / (config.seen_above - config.hidden_below)
    return share.clamp(0, 1) * inside


def crop_guess(crops: Tensor) -> Tensor:
    """(N, 3) metres, photo frame: the middle of each crop at the distance where its side is `CROP_M`.

    Args:
        crops: (N, 4, 2) corners as tangents.
    """
    side = (crops - crops.roll(1, dims=-2)).square().sum(-1).mean(-1).sqrt()
    known = side > CROP_M / FARTHEST_M
    distance = torch.where(known, CROP_M / side.clamp_min(CROP_M / FARTHEST_M), GUESS_M)
    middle = crops.mean(-2)
    return torch.cat([middle, -torch.ones_like(middle[:, :1])], dim=-1) * distance[:, None]


def _check(landmarks: Landmarks) -> None:
    count = len(NAMES)
    wanted = {
        "image_px": (count, 2), "world_m": (count, 3), "visibility": (count,), "presence": (count,), "crop_px": (4, 2),
    }  # fmt: skip
    for name, shape in wanted.items():
        values = np.asarray(getattr(landmarks, name))
        if values.shape != shape:
            raise InvalidPoseError(f"landmarks' {name} has shape {values.shape}", expected=str(shape))
        if not np.isfinite(values).all():
            raise InvalidPoseError(f"landmarks' {name} holds NaN or infinite values", fix="look for the person again")
