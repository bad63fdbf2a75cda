"""The open body in figures: size, speed, agreement of the two back ends and with SMPL's published skeleton.

`python benchmarks/bench_body.py [--data FOLDER]`; FOLDER holds cmu_poses_30k.npz for real poses beside random ones.
"""

import argparse
import dataclasses
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from chatpose.body.kinematics import forward_kinematics
from chatpose.body.model import BodyModel
from chatpose.body.open_body import load_open_body
from chatpose.body.pose import Pose
from chatpose.body.rotations import angle_between, axis_angle_to_matrix
from chatpose.body.skeleton import LIMB_BONES, SMPL, smpl_rest_offsets
from chatpose.body.skinning import linear_blend_skinning
from chatpose.body.smplx_backend import SmplxSkinning
from chatpose.corpus.packed import PackedPoses
from chatpose.resources import asset

RESTING = ("left_foot", "right_foot", "left_hand", "right_hand")
"""Joints that poses hardly turn."""


def random_poses(count: int, seed: int = 0) -> Pose:
    """Varied poses: large turns at shoulders, elbows, hips and knees, smaller ones along the trunk."""
    generator = torch.Generator().manual_seed(seed)
    limbs = ("hip", "knee", "shoulder", "elbow")
    scale = torch.tensor(
        [0.8 if name.endswith(limbs) else 0.0 if name in RESTING else 0.4 for name in SMPL.joint_names]
    )
    turns = torch.randn(count, 24, 3, generator=generator) * scale[:, None]
    return Pose.from_rotations(axis_angle_to_matrix(turns))


def timed(function: Callable[[], object], repeats: int) -> str:
    """Wall and CPU time of one call, the median of some."""
    function()
    wall, cpu = [], []
    for _ in range(repeats):
        before = time.perf_counter(), time.process_time()
        function()
        wall.append(time.perf_counter() - before[0])
        cpu.append(time.process_time() - before[1])
    return f"{np.median(wall) * 1e3:8.1f} ms wall {np.median(cpu) * 1e3:8.1f} ms CPU"


def report_parity(body: BodyModel) -> None:
    """Largest difference between our skinning and smplx's, shapes and pose correctives included."""
    generator = torch.Generator().manual_seed(1)
    posedirs = torch.randn(207, body.data.v_template.numel(), generator=generator) * 1e-3
    data = dataclasses.replace(body.data, posedirs=posedirs)
    poses = random_poses(16).replace(betas=torch.randn(16, 10, generator=generator))
    skinning = SmplxSkinning(data)
    ours, theirs = linear_blend_skinning(data, poses), skinning(data, poses)
    vertices = (ours.vertices - theirs.vertices).abs().max()
    joints = (ours.joints - theirs.joints).abs().max()
    print(f"smplx against ours       vertices {vertices:.1e} m, joints {joints:.1e} m, at most (target 1e-5)")


def report_mirror(body: BodyModel) -> None:
    """How far a mirrored pose's mesh is from the mirrored mesh."""
    with np.load(asset("data", "body", "open_body.npz")) as file:
        mirror = torch.from_numpy(file["mirror"].astype(np.int64))
    poses = random_poses(16).replace(betas=torch.randn(16, 10))
    mirrored = body(poses).vertices[:, mirror] * torch.tensor([-1.0, 1, 1])
    print(f"mirror error             {(mirrored - body(poses.mirror()).vertices).abs().max():.1e} m (target 1e-4)")


def report_skeleton(body: BodyModel, name: str, poses: Pose) -> None:
    """Equal rotations on the open body and on SMPL's published skeleton."""
    ours = body.joints(poses)
    smpl = forward_kinematics(poses.local_rotations, smpl_rest_offsets()).positions
    ours, smpl = ours - ours[:, :1], smpl - smpl[:, :1]
    ends = [(SMPL.index(start), SMPL.index(end)) for start, end in LIMB_BONES]
    errors = torch.stack([angle_between(ours[:, b] - ours[:, a], smpl[:, b] - smpl[:, a]) for a, b in ends]).rad2deg()
    scale = (ours * smpl).sum() / (ours * ours).sum()
    as_is, scaled = ((ours * factor - smpl).norm(dim=-1).mean() * 1000 for factor in (1, scale))
    print(f"{name}, {len(ours):,} poses (equal rotations on the open body and on SMPL's published skeleton)")
    print(f"  limb directions        mean {errors.mean():.2f}°, max {errors.max():.2f}° (target 2°)")
    print(f"  root-aligned MPJPE     {as_is:.1f} mm as is, {scaled:.1f} mm scaled by {scale:.3f} (target 42 mm)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="folder with cmu_poses_30k.npz")
    options = parser.parse_args()
    path = asset("data", "body", "open_body.npz")
    body = BodyModel.open()
    vertices, faces = len(body.data.v_template), len(body.data.faces)
    size = path.stat().st_size / 1e6
    print(f"file                     {size:.2f} MB (target 2.5), {vertices:,} vertices, {faces:,} faces")
    print(f"load                     {timed(load_open_body, 10)}   ({torch.get_num_threads()} threads)")
    with torch.no_grad():
        for count in (1, 256):
            poses = random_poses(count)
            print(f"mesh, batch {count:<4d}         {timed(lambda poses=poses: body(poses), 20 if count == 1 else 5)}")
        report_parity(body)
        report_mirror(body)
        report_skeleton(body, "random rotations", random_poses(4096))
        if options.data:
            packed = PackedPoses(options.data / "cmu_poses_30k.npz")
            report_skeleton(body, "mocap, validation split", packed.pose(packed.rows("validation")))


if __name__ == "__main__":
    main()
