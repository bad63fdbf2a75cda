"""The rendered scenes that perception is measured on: poses that nothing was trained on, each before a random camera.

Half of the poses are motion capture of held-out subjects, half held-out entries of the atlas; half of the scenes are
clean, half occluded or cropped. All entries of the atlas come in both kinds, and come again under new cameras. A scene
follows from its number alone, so that runs of any length share their scenes.
"""

import hashlib
import io
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from chatpose.atlas.compiled import Atlas
from chatpose.body.pose import Pose
from chatpose.body.rotations import heading_angle
from chatpose.errors import UnknownNameError
from chatpose.perception.photo import Photo
from chatpose.perception.photo_camera import PhotoCamera
from chatpose.perception.scene_sight import Sight
from chatpose.perception.scenes import KINDS, Kind, Scene, SceneMaker
from chatpose.safefiles import atomic_write, made_folder
from chatpose.train.perception_poses import MOCAP, atlas_part
from chatpose.train.tokenizer_data import packed_rotations

HeldOut = Literal["validation", "test"]
SCENES = 600
"""Scenes of the whole protocol."""
SEED = 6
LONGEST_PX = (320, 640)
SOURCES = (MOCAP, "atlas")


@dataclass(frozen=True, eq=False)
class HeldOutScene:
    """A scene with where its pose comes from, one of `SOURCES`."""

    number: int
    source: str
    scene: Scene

    @property
    def photo(self) -> Photo:
        """The picture as an estimator gets it; nothing is said of the camera."""
        return Photo(self.scene.pixels, (self.scene.camera.width, self.scene.camera.height))

    @property
    def azimuth_deg(self) -> float:
        """Where the camera stands about the person: 0 before, 90 at the body's left, 180 behind, -90 at its right."""
        across, _, ahead = self._to_camera.unbind()
        angle = torch.atan2(across, ahead) - heading_angle(self.scene.pose.global_orient)
        return float(torch.rad2deg(torch.atan2(angle.sin(), angle.cos())))

    @property
    def elevation_deg(self) -> float:
        """How far the camera stands above the pelvis, as seen from there."""
        across, up, ahead = self._to_camera.unbind()
        return float(torch.rad2deg(torch.atan2(up, torch.hypot(across, ahead))))

    @property
    def _to_camera(self) -> Tensor:
        """(3,) from the pelvis, level frame."""
        return -(self.scene.joints_photo[0] @ self.scene.camera.photo_from_level)


@dataclass(frozen=True, eq=False)
class HeldOutPoses:
    """Local rotations (N, 24, 3, 3) of each source; without motion capture all scenes show the atlas."""

    mocap: Tensor
    atlas: Tensor

    @classmethod
    def of_split(cls, data: Path | None, split: HeldOut) -> "HeldOutPoses":
        """The poses of a split.

        Args:
            data: folder with the packed motion capture; None leaves it out.
            split: "validation" (subjects; the tenth of the training entries that no trainer sees) or "test".

        Raises:
            MissingFileError: no such folder, or no atlas.
            UnknownNameError: no such split.
        """
        if split not in ("validation", "test"):
            raise UnknownNameError(f"split {split!r}", expected="validation or test")
        atlas = Atlas.load()
        entries = atlas.testing() if split == "test" else atlas_part(atlas, "validation")
        mocap = torch.zeros(0, 24, 3, 3) if data is None else packed_rotations(data, split)
        return cls(mocap, entries.poses.local_rotations)

    @property
    def mark(self) -> str:
        """Tells these poses from others."""
        digest = hashlib.sha256()
        for rotations in (self.mocap, self.atlas):
            digest.update(str(tuple(rotations.shape)).encode() + rotations.contiguous().numpy().tobytes())
        return digest.hexdigest()


class SceneSet:
    """The scenes by number.

    Args:
        poses: that they show.
        folder: finished scenes are kept here and read again; None renders each time.
        maker: renders; one of the open body when absent.
        longest_px: least and most of the pictures' longer edges.
    """

    def __init__(
        self,
        poses: HeldOutPoses,
        folder: Path | None = None,
        maker: SceneMaker | None = None,
        longest_px: tuple[int, int] = LONGEST_PX,
    ) -> None:
        self._poses, self._longest = poses, longest_px
        self._maker = maker or SceneMaker()
        self.mark = _mark(poses.mark, SEED, longest_px, self._maker.model.data.name)
        self._folder = None if folder is None else made_folder(folder / f"scenes-{self.mark[:12]}")
        self._order = _order(len(poses.mocap), 0), _order(len(poses.atlas), 1)

    def scene(self, number: int) -> HeldOutScene:
        """The scene of a number, from the folder where it is there."""
        _, source, _ = self._chosen(number)
        kept = self._read(number)
        if kept is None:
            kept = self._rendered(number)
            self._write(number, kept)
        return HeldOutScene(number, source, kept)

    def _chosen(self, number: int) -> tuple[Kind, str, Tensor]:
        """Kind, source and local rotations (24, 3, 3) of a number."""
        kind, turn = KINDS[number // 2 % 2], number // 4
        if number % 2 or not len(self._poses.mocap):
            # Both kinds run through all entries.
            turn = turn if len(self._poses.mocap) else number // 2
            order = self._order[1]
            return kind, SOURCES[1], self._poses.atlas[order[turn % len(order)]]
        order = self._order[0]
        return kind, SOURCES[0], self._poses.mocap[order[(2 * turn + KINDS.index(kind)) % len(order)]]

    def _rendered(self, number: int) -> Scene:
        kind, _, rotations = self._chosen(number)
        rng = np.random.default_rng([SEED, number])
        low, high = self._longest
        maker = self._maker.resized(int(rng.integers(low // 16, high // 16 + 1)) * 16)
        return maker.make(Pose.from_rotations(rotations), int(rng.integers(2**62)), kind)

    def _write(self, number: int, scene: Scene) -> None:
        if self._folder is None:
            return
        with atomic_write(self._folder / f"{number:05d}.png") as temporary:
            Image.fromarray(scene.pixels).save(temporary)
        pose, camera = scene.pose, scene.camera
        packed = io.BytesIO()
        np.savez(
            packed,
            rotations=pose.local_rotations.numpy(),
            betas=pose.betas.numpy(),
            transl=pose.transl.numpy(),
            size=np.array([camera.width, camera.height]),
            camera=np.array([camera.focal_px, camera.pitch_deg, camera.roll_deg]),
            joints=scene.joints_photo.numpy(),
            joints_sight=np.stack(scene.joints),
            points=scene.points_photo.numpy(),
            points_sight=np.stack(scene.points),
            names=np.array([scene.kind, scene.crop]),
            seed=np.array(scene.seed),
        )
        with atomic_write(self._folder / f"{number:05d}.npz") as temporary:  # the last, so its picture is there
            temporary.write_bytes(packed.getvalue())

    def _read(self, number: int) -> Scene | None:
        """A finished scene; None where it isn't there or damaged."""
        if self._folder is None or not (file := self._folder / f"{number:05d}.npz").is_file():
            return None
        try:
            with np.load(file, allow_pickle=False) as arrays:
                truth = {name: arrays[name] for name in arrays.files}
            with Image.open(file.with_suffix(".png")) as picture:
                return _scene(np.array(picture.convert("RGB")), truth)
        except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile):
            return None


def _scene(pixels: np.ndarray, truth: dict[str, np.ndarray]) -> Scene:
    width, height = (int(edge) for edge in truth["size"])
    rotations, betas, transl, joints, points = (
        torch.from_numpy(truth[name]) for name in ("rotations", "betas", "transl", "joints", "points")
    )
    return Scene(
        pixels,
        Pose.from_rotations(rotations, betas=betas, transl=transl),
        PhotoCamera(width, height, *truth["camera"].tolist()),
        joints,
        Sight(*truth["joints_sight"]),
        points,
        Sight(*truth["points_sight"]),
        "clean" if str(truth["names"][0]) == "clean" else "occluded",
        str(truth["names"][1]),
        int(truth["seed"]),
    )


def source_mark(files: Iterable[Path]) -> str:
    """Tells the contents of files from others."""
    digest = hashlib.sha256()
    for file in sorted(files):
        digest.update(file.name.encode() + hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def _mark(*facts: object) -> str:
    """Of the protocol's facts and of the code that renders."""
    perception = Path(__file__).parent.parent / "perception"
    code = source_mark([*perception.glob("scene*.py"), perception / "virtual_views.py"])
    return hashlib.sha256(repr((facts, code)).encode()).hexdigest()


def _order(count: int, stream: int) -> Tensor:
    return torch.from_numpy(np.random.default_rng([SEED, stream, count]).permutation(count))
