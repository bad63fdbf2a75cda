"""A small library to search in tests, and an embedder that knows a few texts."""

from pathlib import Path

import numpy as np
import torch
from conftest import random_rotations
from embedder_fake import FakeEmbedder

from chatpose.atlas.compiled import Atlas
from chatpose.body.pose import Pose, concatenate_poses
from chatpose.body.rotations import about_axis
from chatpose.posecodes.describe import Describer
from chatpose.retrieval.library import Library
from chatpose.retrieval.library_analysis import PoseAnalyser
from chatpose.retrieval.pose_source import ListSource, SourcePoses

CHOSEN = range(0, 600, 5)
"""Places in the atlas of what is in the library."""
COPIES = 6
"""Near-duplicates of the first entry."""


class TellingEmbedder(FakeEmbedder):
    """Knows a few texts: "entry 7" lies where the pose of the atlas' entry 7 lies."""

    def embed_texts(self, texts):
        rows = super().embed_texts(texts)
        for row, text in enumerate(texts):
            if text.startswith("entry "):
                place = int(text.split()[1])
                rows[row] = self.embed_poses(Atlas.load().poses[place : place + 1])[0]
        return rows


def library_poses() -> Pose:
    """Atlas entries facing anywhere, then near-duplicates of the first."""
    atlas = Atlas.load()
    chosen = atlas.poses[torch.tensor(CHOSEN)]
    turns = about_axis("y", torch.linspace(0, 6, len(CHOSEN)))
    copies = atlas.poses[torch.zeros(COPIES, dtype=torch.long)]
    jitter = random_rotations(COPIES, 23, max_angle_rad=0.01)
    copies = copies.replace(body_pose=jitter @ copies.body_pose)
    return concatenate_poses([chosen.replace(global_orient=turns @ chosen.global_orient), copies])


def make_library(folder: Path, describer: Describer) -> Library:
    """Of `library_poses`, under the entries' ids and "copy-0", …"""
    poses, embedder = library_poses(), TellingEmbedder(64)
    ids = [Atlas.load().entries[place].id for place in CHOSEN] + [f"copy-{number}" for number in range(COPIES)]
    source = ListSource("atlas", SourcePoses(poses, np.arange(len(poses)), ids=ids), "the atlas", "Apache-2.0")
    library = Library.create(folder, embedder)
    list(library.add([source], PoseAnalyser(embedder, describer=describer)))
    return library
