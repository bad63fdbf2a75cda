"""Rendered photos of posed bodies, with exact truth: what perception is measured on.

A scene is a pose, a random shape, camera, light, clothes and background, and in scenes of the kind "occluded" a crop
or something in the way. The same seed and pose give the same bytes.
"""

import copy
import io
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from PIL import Image, ImageFilter
from torch import Tensor

from chatpose.body.model import BodyModel
from chatpose.body.pose import Pose
from chatpose.body.render.floor import floor_shadow
from chatpose.body.render.raster import Fragments, scan
from chatpose.body.render.shading import Light, Lighting, shade
from chatpose.errors import UnknownNameError
from chatpose.perception.body_landmarks import BodyLandmarks
from chatpose.perception.photo_camera import PhotoCamera
from chatpose.perception.scene_backdrop import backdrop
from chatpose.perception.scene_clothes import Wardrobe
from chatpose.perception.scene_occluders import covered, occluder_mask
from chatpose.perception.scene_sight import Sight, SightFinder, projected
from chatpose.perception.virtual_views import CROPS, Crop, ViewSettings, VirtualViews, draw_views

Kind = Literal["clean", "occluded"]
KINDS: tuple[Kind, ...] = ("clean", "occluded")


@dataclass(frozen=True, eq=False)
class Scene:
    """A picture with its truth.

    Attributes:
        pixels: (height, width, 3) uint8 sRGB.
        pose: one pose in the level frame, metres from the camera, with its shape.
        camera: that took it.
        joints_photo: (24, 3) metres, photo frame.
        joints: what can be seen of the joints.
        points_photo: (33, 3) BlazePose's points, metres, photo frame.
        points: what can be seen of them.
        kind: "clean": the whole body in the photo and nothing before it; else "occluded".
        crop: how the person was framed, a key of `CROPS`.
        seed: it was made from.
    """

    pixels: np.ndarray
    pose: Pose
    camera: PhotoCamera
    joints_photo: Tensor
    joints: Sight
    points_photo: Tensor
    points: Sight
    kind: Kind
    crop: str
    seed: int

    @property
    def joints_px(self) -> Tensor:
        """(24, 2) pixels of the joints."""
        return self.camera.project(self.joints_photo)

    @property
    def points_px(self) -> Tensor:
        """(33, 2) pixels of BlazePose's points."""
        return self.camera.project(self.points_photo)


CLEAN_CROPS = {"whole": Crop(1.0, fill=(0.35, 0.9))}
OCCLUDED_SHARE = 0.5
"""Share of occluded scenes that have something in the way; the others are cropped. Some are both."""
_HIDES = (0.06, 0.6)
"""Least and most share of the joints in the photo that occluders hide."""


class SceneMaker:
    """Renders scenes of one body model.

    Args:
        model: the body; the open one when absent.
        longest_px: longer edge of the pictures.
        samples: samples a pixel along each axis.
    """

    def __init__(self, model: BodyModel | None = None, *, longest_px: int = 448, samples: int = 2) -> None:
        self.model = model or BodyModel.open()
        self.landmarks = BodyLandmarks(self.model)
        self.longest_px, self.samples = longest_px, samples
        self._wardrobe = Wardrobe(self.model)
        self._faces = self.model.data.faces.numpy()
        self._sights = SightFinder(self.model, self.landmarks)

    def resized(self, longest_px: int) -> "SceneMaker":
        """The same for pictures of another size."""
        other = copy.copy(self)
        other.longest_px = longest_px
        return other

    def make(self, pose: Pose, seed: int, kind: Kind = "clean") -> Scene:
        """Renders one scene.

        Args:
            pose: one pose without batch axes, y up; heading, place and shape are drawn anew.
            seed: of everything random.
            kind: "clean" or "occluded".

        Raises:
            UnknownNameError: no such kind.
        """
        if kind not in KINDS:
            raise UnknownNameError(f"scene of kind {kind!r}", expected=" or ".join(KINDS))
        rng = np.random.default_rng([seed, KINDS.index(kind)])
        view, vertices, crop, blocked = self._view(pose, rng, kind)
        camera = view.camera(0)
        photo_from_level = camera.photo_from_level.numpy()
        pixels, depth = projected(vertices @ photo_from_level.T, camera)
        image = self._background(rng, camera, vertices)
        samples = self.samples
        fragments = scan(pixels * samples, depth, self._faces, camera.width * samples, camera.height * samples)
        image = self._with_body(rng, image, vertices, fragments)
        joints, points = view.joints_photo[0], view.points_photo[0]
        mask = np.zeros(image.shape[:2], np.float32)
        if blocked:
            mask = _occluders(rng, camera, joints.numpy(), pixels)
            image = covered(rng, image, mask)
        seen = self._sights.look(fragments, camera, samples, mask)
        return Scene(
            _developed(rng, image),
            view.pose[0],
            camera,
            joints,
            seen.joints(joints.numpy()),
            points,
            seen.points(points.numpy()),
            kind,
            crop,
            seed,
        )

    def _view(self, pose: Pose, rng: np.random.Generator, kind: Kind) -> tuple[VirtualViews, np.ndarray, str, bool]:
        """A view, the dressed vertices in the level frame, the crop's name, and whether something is in the way."""
        generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
        blocked = kind == "occluded" and rng.random() < OCCLUDED_SHARE
        crops = {name: crop for name, crop in CROPS.items() if name != "whole"} if kind == "occluded" else CLEAN_CROPS
        if blocked and rng.random() < 0.7:
            crops = CLEAN_CROPS
        batch = pose.replace(transl=torch.zeros(3))
        batch = Pose(*(value[None] for value in (batch.global_orient, batch.body_pose, batch.betas, batch.transl)))
        reach = 1.0
        while True:
            chosen = {name: _smaller(crop, reach) for name, crop in crops.items()}
            settings = ViewSettings(longest_px=self.longest_px, crops=chosen)
            view = draw_views(batch, self.landmarks, generator, settings)
            vertices = self._wardrobe.puffed(self.model(view.pose[0]).vertices.numpy(), rng)
            camera = view.camera(0)
            pixels, depth = projected(vertices @ camera.photo_from_level.numpy().T, camera)
            inside = ((pixels >= 1) & (pixels <= np.array([camera.width, camera.height]) - 1)).all(1) & (depth > 0.2)
            if crops is not CLEAN_CROPS or inside.all():
                return view, vertices, list(chosen)[int(view.crop[0])], blocked
            reach *= 0.93

    def _background(self, rng: np.random.Generator, camera: PhotoCamera, vertices: np.ndarray) -> np.ndarray:
        y, x = np.meshgrid(np.arange(camera.height) + 0.5, np.arange(camera.width) + 0.5, indexing="ij")
        rays = camera.rays(torch.from_numpy(np.stack([x, y], -1)).float()) @ camera.photo_from_level
        floor = float(vertices[:, 1].min())
        shadow = floor_shadow(vertices[::5], floor, rng.uniform(-90, 90), Lighting()) if floor < -0.05 else None
        return backdrop(rng, rays.numpy(), min(floor, -0.05), shadow, float(-vertices[:, 2].mean()))

    def _with_body(
        self, rng: np.random.Generator, image: np.ndarray, vertices: np.ndarray, fragments: Fragments
    ) -> np.ndarray:
        """The picture with the dressed and lit body over it."""
        colors = shade(vertices, self._faces, self._wardrobe.colors(rng), np.zeros(3), 0.0, _lighting(rng))
        shown = fragments.interpolate(colors, self._faces)
        height, width = image.shape[:2]
        row, column = np.divmod(fragments.sample, width * self.samples)
        pixel = (row // self.samples) * width + column // self.samples
        share = 1 / self.samples**2
        coverage = np.bincount(pixel, minlength=width * height) * share
        summed = np.stack([np.bincount(pixel, shown[:, k], width * height) for k in range(3)], 1) * share
        mixed = image.reshape(-1, 3) * (1 - coverage[:, None]) + summed
        return mixed.reshape(height, width, 3).astype(np.float32)


def _smaller(crop: Crop, share: float) -> Crop:
    low, high = crop.fill
    return Crop(crop.share, crop.focus, (low * share, high * share), crop.cut, crop.edge)


def _lighting(rng: np.random.Generator) -> Lighting:
    """Sun, lamps or an overcast sky, warm or cold."""
    warm = rng.uniform(-0.12, 0.12)
    tint = np.array([1 + warm, 1.0, 1 - warm])
    key = rng.uniform(0.2, 1.3)
    sky = (1.35 - key) * rng.uniform(0.45, 0.9) + 0.15
    light = Light(rng.uniform(-120, 120), rng.uniform(10, 75), _rgb(key * tint))
    fill = Light(rng.uniform(-180, 180), rng.uniform(0, 45), _rgb(rng.uniform(0, 0.35) * (2 - tint)))
    cold = np.array([0.95, 1.0, 1.05])
    return Lighting(
        key=light,
        key_spread_deg=rng.uniform(1, 14),
        fills=(fill,),
        sky=_rgb(sky * cold),
        ground=_rgb(sky * rng.uniform(0.2, 0.7) * tint),
        specular=rng.uniform(0, 0.12),
    )


def _rgb(color: np.ndarray) -> tuple[float, float, float]:
    red, green, blue = color.tolist()
    return red, green, blue


def _occluders(rng: np.random.Generator, camera: PhotoCamera, joints: np.ndarray, body_px: np.ndarray) -> np.ndarray:
    """(height, width) how much each pixel is covered: one or two things that hide some joints, not all."""
    pixels, _ = projected(joints, camera)
    size = np.array([camera.width, camera.height])
    within = ((pixels >= 0) & (pixels < size)).all(1)
    column, row = pixels[within].astype(np.int64).T
    extent = np.minimum(body_px.max(0), size) - np.maximum(body_px.min(0), 0)
    least, most = _HIDES
    best = np.zeros((camera.height, camera.width), np.float32)
    for _ in range(8):
        mask = np.zeros_like(best)
        for _ in range(1 + (rng.random() < 0.25)):
            at = pixels[within][rng.integers(within.sum())] if within.any() else size * rng.uniform(0.2, 0.8, 2)
            at = at + rng.normal(0, 0.08, 2) * extent
            mask = np.maximum(mask, occluder_mask(rng, camera.width, camera.height, at, extent))
        hidden = float((mask[row, column] > 0.5).mean()) if within.any() else 0.0
        if hidden <= most:
            best = mask
        if least <= hidden <= most:
            break
    return best


def _developed(rng: np.random.Generator, image: np.ndarray) -> np.ndarray:
    """(height, width, 3) uint8: exposure, blur, grain and JPEG, as a camera's."""
    image = np.clip(image * rng.uniform(0.8, 1.15), 0, 1) ** np.float32(rng.uniform(0.85, 1.2))
    image = image + rng.normal(0, rng.uniform(0, 0.02), image.shape[:2])[..., None].astype(np.float32)
    picture = Image.fromarray((np.clip(image, 0, 1) * 255 + 0.5).astype(np.uint8))
    if (radius := rng.uniform(-0.5, 1.0)) > 0:
        picture = picture.filter(ImageFilter.GaussianBlur(radius))
    packed = io.BytesIO()
    picture.save(packed, "JPEG", quality=int(rng.integers(55, 96)))
    return np.asarray(Image.open(packed).convert("RGB"))
