"""Small collections in the layouts that people download, written by the tests themselves."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from conftest import random_rotations

from chatpose.body.pose import Pose
from chatpose.formats.clip import PoseClip
from chatpose.formats.registry import save


def write_amass(path: Path, frames: int = 30, fps: float = 60.0, seed: int = 0, **extra: Any) -> Path:
    """An SMPL-H file of AMASS, z up, every frame another pose."""
    rng = np.random.default_rng(seed)
    path.parent.mkdir(parents=True, exist_ok=True)
    poses = np.zeros((frames, 156))
    poses[:, :66] = rng.normal(size=(frames, 66)) * 0.2
    poses[:, :3] = (np.pi / 2, 0, 0)  # upright in a z-up world
    arrays = {
        "poses": poses,
        "trans": rng.normal(size=(frames, 3)) * 0.1 + (0, 0, 0.9),
        "betas": np.zeros(16),
        "gender": np.array("male"),
        "mocap_framerate": np.array(fps),
        "dmpls": np.zeros((frames, 8)),
    }
    np.savez(path, **(arrays | extra))
    return path


def write_amass_folder(root: Path, files: Mapping[str, int]) -> Path:
    """Files by path with their number of frames."""
    for seed, (name, frames) in enumerate(files.items()):
        write_amass(root / name, frames, seed=seed)
    return root


def write_bvh(path: Path, frames: int = 12, seed: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    rotations = random_rotations(frames, 24, max_angle_rad=0.7, seed=seed)
    rotations[:, 0] = torch.eye(3)
    save(PoseClip(Pose.from_rotations(rotations), fps=60.0), path)
    return path


def write_json(path: Path, value: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value), encoding="utf-8")
    return path


def write_posescript(folder: Path, ids: Mapping[str, Sequence[Any]], texts: Mapping[str, Any]) -> Path:
    write_json(folder / "ids_2_dataset_sequence_and_frame_index_100k.json", ids)
    write_json(folder / "posescript_human_6293.json", texts)
    write_json(folder / "test_ids_100k.json", [1])
    return folder


def write_posefix(
    folder: Path, ids: Mapping[str, Sequence[Any]], pairs: Sequence[Sequence[int]], texts: Mapping[str, Any]
) -> Path:
    write_json(folder / "ids_2_dataset_sequence_and_frame_index_100k.json", ids)
    write_json(folder / "pair_id_2_pose_ids.json", pairs)
    write_json(folder / "posefix_human_6157.json", texts)
    return folder


def write_humanml3d(folder: Path, rows: Sequence[str], texts: Mapping[str, str]) -> Path:
    (folder / "texts").mkdir(parents=True, exist_ok=True)
    (folder / "index.csv").write_text("\n".join(["source_path,start_frame,end_frame,new_name", *rows]) + "\n")
    for name, text in texts.items():
        (folder / "texts" / f"{name}.txt").write_text(text, encoding="utf-8")
    return folder
