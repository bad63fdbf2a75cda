"""A bank of what BlazePose really says of rendered people: what was seen, and the truth.

    python -m chatpose.train.landmark_bank --data FOLDER --out FOLDER --count 6000 --split train

The bank isn't shipped; the lifter's trainer takes real errors from it. It is written in parts, so that a broken run
goes on where it stopped, and the scene of a number is the same whatever the count.
"""

import argparse
import dataclasses
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from safetensors.torch import load, save
from torch import Tensor

from chatpose.body.pose import Pose
from chatpose.errors import MissingFileError, UnreadableFileError
from chatpose.perception.blazepose import BlazePose
from chatpose.perception.landmarks import Landmarks
from chatpose.perception.photo_camera import PhotoCamera
from chatpose.perception.scenes import KINDS, Scene, SceneMaker
from chatpose.perception.virtual_views import CROPS
from chatpose.safefiles import atomic_write, made_folder, read_limited
from chatpose.train.interrupts import Interrupt
from chatpose.train.landmark_bank_report import report
from chatpose.train.perception_poses import SPLITS, PosePool, pose_pool

Eye = Callable[[np.ndarray], list[Landmarks]]

PART_ROWS = 100
LONGEST_PX = (320, 640)
CLEAN_SHARE = 0.5
FOUND_WITHIN = 0.35
"""A person counts as found when the seen points lie this near to the true ones, in mean, of the person's size."""


@dataclass(frozen=True, eq=False)
class LandmarkBank:
    """Pairs of seen and true landmarks; rows of people that weren't found hold zeros in what was seen.

    Attributes:
        found: (N,) bool, whether the person was found.
        people: (N,) how many people were seen in the picture.
        image_px: (N, 33, 2) as `Landmarks`; so the next six.
        world_m: (N, 33, 3).
        visibility: (N, 33).
        presence: (N, 33).
        sharpness: (N, 33).
        score: (N,).
        crop_px: (N, 4, 2).
        photo_size: (N, 2) width and height.
        focal_px: (N,) truth from here on.
        pitch_rad: (N,).
        roll_rad: (N,).
        rotations: (N, 24, 3, 3) local, the pelvis' in the level frame.
        betas: (N, 10).
        transl: (N, 3) level frame.
        joints_photo: (N, 24, 3) metres, photo frame.
        points_photo: (N, 33, 3) metres, photo frame.
        joints_sight: (N, 3, 24) bool: in the photo, covered by something, hidden by the body itself.
        points_sight: (N, 3, 33) bool, the same of the points.
        clean: (N,) bool, a clean scene.
        crop: (N,) place in `CROPS`.
        kind: (N,) place in the pool's kinds.
        number: (N,) of the scene, its seed.
    """

    found: Tensor
    people: Tensor
    image_px: Tensor
    world_m: Tensor
    visibility: Tensor
    presence: Tensor
    sharpness: Tensor
    score: Tensor
    crop_px: Tensor
    photo_size: Tensor
    focal_px: Tensor
    pitch_rad: Tensor
    roll_rad: Tensor
    rotations: Tensor
    betas: Tensor
    transl: Tensor
    joints_photo: Tensor
    points_photo: Tensor
    joints_sight: Tensor
    points_sight: Tensor
    clean: Tensor
    crop: Tensor
    kind: Tensor
    number: Tensor

    def __len__(self) -> int:
        return len(self.found)

    def __getitem__(self, rows: Any) -> Self:
        """Some rows; slices, masks and index tensors."""
        return type(self)(**{name: value[rows] for name, value in self.tensors.items()})

    @property
    def tensors(self) -> dict[str, Tensor]:
        """All fields by name."""
        return {entry.name: getattr(self, entry.name) for entry in dataclasses.fields(self)}

    @property
    def pose(self) -> Pose:
        """(N,) the true poses, level frame, metres from the camera."""
        return Pose.from_rotations(self.rotations, betas=self.betas, transl=self.transl)

    def landmarks(self, row: int) -> Landmarks:
        """What was seen in a row."""
        width, height = (int(edge) for edge in self.photo_size[row].tolist())
        fields = ("image_px", "world_m", "visibility", "presence", "sharpness")
        seen = {name: getattr(self, name)[row].double().numpy() for name in fields}
        return Landmarks(
            **seen,
            score=float(self.score[row]),
            crop_px=self.crop_px[row].double().numpy(),
            photo_size=(width, height),
        )

    def camera(self, row: int) -> PhotoCamera:
        """The camera of a row."""
        width, height = (int(edge) for edge in self.photo_size[row].tolist())
        pitch, roll = (float(torch.rad2deg(angle[row])) for angle in (self.pitch_rad, self.roll_rad))
        return PhotoCamera(width, height, float(self.focal_px[row]), pitch, roll)

    @classmethod
    def joined(cls, parts: list[Self]) -> Self:
        """Several banks as one."""
        names = [entry.name for entry in dataclasses.fields(cls)]
        return cls(**{name: torch.cat([getattr(part, name) for part in parts]) for name in names})

    @classmethod
    def read(cls, folder: Path) -> Self:
        """All parts in a folder, in their order.

        Raises:
            MissingFileError: no parts there.
            UnreadableFileError: a damaged part, or one of another version.
        """
        files = sorted(folder.glob("part-*.safetensors"))
        if not files:
            raise MissingFileError(
                f"no landmark bank in {folder}", fix="make one with: python -m chatpose.train.landmark_bank"
            )
        return cls.joined([cls._read_part(file) for file in files])

    @classmethod
    def _read_part(cls, file: Path) -> Self:
        try:
            return cls(**load(read_limited(file)))
        except Exception as error:  # safetensors raises its own kinds, which aren't exported
            raise UnreadableFileError(f"{file}: {error}", expected="a part of a landmark bank") from error

    def write(self, file: Path) -> None:
        """One part."""
        with atomic_write(file) as temporary:
            temporary.write_bytes(save({name: value.contiguous() for name, value in self.tensors.items()}))


class BankMaker:
    """Makes the rows of a bank, each from its number alone.

    Args:
        pool: of poses.
        eye: finds people in pixels, `BlazePose().see`.
        seed: of the bank.
    """

    def __init__(self, pool: PosePool, eye: Eye, seed: int) -> None:
        self._pool, self._eye, self._seed = pool, eye, seed
        self._makers: dict[int, SceneMaker] = {}

    def row(self, number: int) -> dict[str, Tensor]:
        """The pair of a number."""
        rng = np.random.default_rng([self._seed, number])
        at = int(rng.integers(len(self._pool)))
        kind = KINDS[int(rng.random() >= CLEAN_SHARE)]
        longest = int(rng.integers(LONGEST_PX[0] // 16, LONGEST_PX[1] // 16 + 1)) * 16
        maker = self._makers.setdefault(longest, self._maker(longest))
        scene = maker.make(Pose.from_rotations(self._pool.rotations[at]), int(rng.integers(2**62)), kind)
        people = self._eye(scene.pixels)
        row = {**_seen(scene, people), **_truth(scene)}
        return {**row, "kind": self._pool.kind[at], "number": torch.tensor(number)}

    def part(self, numbers: range, done: Callable[[], bool] = lambda: False) -> LandmarkBank | None:
        """The rows of some numbers; nothing when `done` says so on the way."""
        rows = []
        for number in numbers:
            if done():
                return None
            rows.append(self.row(number))
        return LandmarkBank(**{name: torch.stack([row[name] for row in rows]) for name in rows[0]})

    def _maker(self, longest: int) -> SceneMaker:
        known = next(iter(self._makers.values()), None)
        return SceneMaker(longest_px=longest) if known is None else known.resized(longest)


def matched(scene: Scene, people: list[Landmarks]) -> Landmarks | None:
    """Which of the seen people is the scene's, by the mean distance of the points that can be seen."""
    shown = scene.points.visible
    if not people or not shown.any():
        return None
    true = scene.points_px.numpy()[shown]
    size = max(float(np.ptp(true, axis=0).max()), 1.0)
    distances = [float(np.linalg.norm(one.image_px[shown] - true, axis=1).mean()) / size for one in people]
    best = int(np.argmin(distances))
    return people[best] if distances[best] < FOUND_WITHIN else None


def _seen(scene: Scene, people: list[Landmarks]) -> dict[str, Tensor]:
    one = matched(scene, people)
    shapes: Mapping[str, tuple[int, ...]] = {
        "image_px": (33, 2),
        "world_m": (33, 3),
        "visibility": (33,),
        "presence": (33,),
        "sharpness": (33,),
        "score": (),
        "crop_px": (4, 2),
    }
    seen = {
        name: torch.as_tensor(np.zeros(shape) if one is None else np.asarray(getattr(one, name))).float()
        for name, shape in shapes.items()
    }
    return {"found": torch.tensor(one is not None), "people": torch.tensor(len(people)), **seen}


def _truth(scene: Scene) -> dict[str, Tensor]:
    camera, pose = scene.camera, scene.pose
    return {
        "photo_size": torch.tensor([camera.width, camera.height]),
        "focal_px": torch.tensor(camera.focal_px),
        "pitch_rad": torch.deg2rad(torch.tensor(camera.pitch_deg)),
        "roll_rad": torch.deg2rad(torch.tensor(camera.roll_deg)),
        "rotations": pose.local_rotations,
        "betas": pose.betas,
        "transl": pose.transl,
        "joints_photo": scene.joints_photo,
        "points_photo": scene.points_photo,
        "joints_sight": torch.from_numpy(np.stack(scene.joints)),
        "points_sight": torch.from_numpy(np.stack(scene.points)),
        "clean": torch.tensor(scene.kind == "clean"),
        "crop": torch.tensor(list(CROPS).index(scene.crop)),
    }


def build(maker: BankMaker, folder: Path, count: int, *, first: int = 0, progress: bool = True) -> None:
    """Makes the parts that are missing in a folder; Ctrl-C ends it after the scene it is at.

    Args:
        maker: of the rows.
        folder: of the bank.
        count: scenes in all.
        first: number of the scene to begin with, a multiple of `PART_ROWS`: several processes can share the work.
        progress: show a bar.

    Raises:
        KeyboardInterrupt: asked for; what is finished is kept.
    """
    from tqdm import tqdm

    made_folder(folder)
    with Interrupt() as interrupt, tqdm(total=count - first, unit="scene", disable=not progress) as bar:
        for start in range(first, count, PART_ROWS):
            numbers = range(start, min(start + PART_ROWS, count))
            file = folder / f"part-{start // PART_ROWS:05d}.safetensors"
            if file.exists() and len(LandmarkBank._read_part(file)) == len(numbers):
                bar.update(len(numbers))
                continue

            def ended() -> bool:
                bar.update(1)
                return interrupt.asked

            part = maker.part(numbers, ended)
            if part is None:
                raise KeyboardInterrupt
            part.write(file)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="Shows rendered people to BlazePose and keeps what it says.")
    parser.add_argument("--data", type=Path, required=True, help="folder with the packed motion capture")
    parser.add_argument("--out", type=Path, required=True, help="folder of the bank")
    parser.add_argument("--count", type=int, default=6000)
    parser.add_argument("--first", type=int, default=0, help=f"begin with this scene, a multiple of {PART_ROWS}")
    parser.add_argument("--poses", type=int, default=6000, help="size of the pool that poses are drawn from")
    parser.add_argument("--mocap-share", type=float, default=0.45, help="of the pool; the rest are atlas variations")
    parser.add_argument("--split", choices=SPLITS, default="train")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--report", action="store_true", help="only print what a finished bank says")
    options = parser.parse_args()
    if options.first % PART_ROWS:
        parser.error(f"--first {options.first} isn't a multiple of {PART_ROWS}")
    torch.set_num_threads(1)
    pool = pose_pool(
        options.data, options.split, size=options.poses, seed=options.seed, mocap_share=options.mocap_share
    )
    if not options.report:
        try:
            build(BankMaker(pool, BlazePose().see, options.seed), options.out, options.count, first=options.first)
        except KeyboardInterrupt:
            sys.stdout.write("stopped; the same command goes on from here\n")
            return
    sys.stdout.write(report(LandmarkBank.read(options.out), pool.kinds) + "\n")


if __name__ == "__main__":
    main()
