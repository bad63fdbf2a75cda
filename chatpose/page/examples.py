"""The example poses of the page: ui/examples.json, poses in the contract's form."""

import json
from dataclasses import dataclass

import torch

from chatpose.body.pose import Pose
from chatpose.formats.clip import PoseClip
from chatpose.page.session import Shown
from chatpose.resources import asset


@dataclass(frozen=True, eq=False)
class Example:
    """A named example.

    Attributes:
        key: short name.
        shown: title and clip.
        about: one sentence on what it shows.
        frame: the most telling one, for its picture and to begin with.
    """

    key: str
    shown: Shown
    about: str
    frame: int = 0

    @property
    def pose(self) -> Pose:
        """The pose of that frame."""
        return self.shown.clip.pose[self.frame]


def load_examples() -> list[Example]:
    """The examples in the order of the page; the first one is on screen at the start."""
    entries = json.loads(asset("ui", "examples.json").read_text(encoding="utf-8"))
    return [_example(entry) for entry in entries]


def _example(entry: dict) -> Example:
    def rows(key: str) -> torch.Tensor:
        return torch.tensor([pose[key] for pose in entry["poses"]], dtype=torch.float32)

    pose = Pose.from_axis_angle(
        rows("global_orient"), rows("body_pose"), betas=rows("betas"), transl=rows("transl")
    )  # raises on anything that isn't a pose
    clip = PoseClip(pose, fps=entry.get("fps"))
    return Example(entry["key"], Shown(entry["title"], clip), entry["about"], entry.get("frame", 0))
