"""Retargeting on real data: limb directions, soles, speed, BVH round trip, MakeHuman's poses.

python benchmarks/bench_retarget.py --data FOLDER   (the folder of cmu_poses_30k.npz and makehuman_poses/)
"""

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from chatpose.body.kinematics import forward_kinematics
from chatpose.body.pose import Pose, concatenate_poses
from chatpose.body.retarget import fit_retargeter, limb_direction_errors
from chatpose.body.rotations import about_axis, geodesic_distance, heading_angle, quaternion_to_matrix
from chatpose.body.skeleton import LIMB_BONES, SMPL, smpl_rest_offsets
from chatpose.corpus.packed import SPLITS, PackedPoses
from chatpose.formats import PoseClip, load, save
from chatpose.formats.bvh import BvhMotion, matched
from chatpose.formats.bvh_text import parse_bvh
from chatpose.formats.registry import WriteOptions

OTHERS = (
    ("left_ankle", "left_foot"),
    ("right_ankle", "right_foot"),
    ("pelvis", "neck"),
    ("neck", "head"),
    ("left_shoulder", "right_shoulder"),
    ("left_wrist", "left_hand"),
    ("right_wrist", "right_hand"),
)


def table(errors: torch.Tensor, pairs: tuple[tuple[str, str], ...]) -> None:
    for pair, column in zip(pairs, errors.T, strict=True):
        known = column[torch.isfinite(column)]
        if len(known):
            figures = f"{known.mean():7.3f} {known.quantile(0.99):7.3f} {known.max():7.3f}"
            print(f"  {pair[0] + ' → ' + pair[1]:34s} {figures}")


def stored_joints(path: Path, packed: PackedPoses) -> torch.Tensor:
    """The file's own joint positions (half precision, made by other code) where SMPL's joints are, heading removed."""
    rows = packed.rows()
    with np.load(path) as file:
        joints = torch.from_numpy(file["joints"][rows].astype(np.float32))
        root = quaternion_to_matrix(torch.from_numpy(file["quat"][rows, 0].astype(np.float32)))
    points = torch.full((len(rows), len(SMPL), 3), torch.nan)
    for name, joint in packed.match.joints.items():
        points[:, SMPL.index(name)] = joints[:, joint]
    return points @ about_axis("y", -heading_angle(root)).transpose(-1, -2)


def packed_figures(path: Path) -> None:
    packed = PackedPoses(path)
    counts = ", ".join(f"{split} {len(packed.rows(split)):,}" for split in SPLITS)
    print(f"\n{path.name}: {len(packed):,} rows, {packed.distal_flips.sum():,} dropped (ankle or wrist); {counts}")
    batches, cpu, wall = [], time.process_time(), time.perf_counter()
    for batch in packed.batches():
        batches.append(batch)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    pose = concatenate_poses([batch.pose for batch in batches])
    points = stored_joints(path, packed)
    print(f"  {len(pose):,} poses in {cpu:.2f} s CPU, {wall:.2f} s wall: {len(pose) / cpu:,.0f} poses/s of CPU")
    limbs = limb_direction_errors(pose, points, LIMB_BONES)
    print(f"  limb direction error, degrees: mean {limbs.mean():.3f}, p99 {limbs.quantile(0.99):.3f}")
    print(f"  {'bone':34s} {'mean':>7s} {'p99':>7s} {'max':>7s}")
    table(limbs, LIMB_BONES)
    print("  not aimed at the source's joints (joints lie elsewhere in the two bodies):")
    table(limb_direction_errors(pose, points, OTHERS), OTHERS)
    joint_frames(pose, points)


def joint_frames(pose: Pose, points: torch.Tensor) -> None:
    """How soles and heads are inclined, where that can be judged."""
    world = forward_kinematics(pose.local_rotations, smpl_rest_offsets()).rotations
    trunk = points[:, SMPL.index("neck")] - points[:, SMPL.index("pelvis")]
    upright = trunk[:, 1] > 0.98 * trunk.norm(dim=-1)
    for side in ("left", "right"):
        foot = points[:, SMPL.index(f"{side}_foot")]
        if not torch.isfinite(foot).all():
            continue
        other = points[:, SMPL.index("right_foot" if side == "left" else "left_foot"), 1]
        ankle, hip = (points[:, SMPL.index(f"{side}_{part}")] for part in ("ankle", "hip"))
        straight = (hip - ankle)[:, 1] > 0.97 * (hip - ankle).norm(dim=-1)
        standing = upright & straight & ((foot[:, 1] - other).abs() < 0.02)
        front = world[standing, SMPL.index(f"{side}_ankle"), :, 2]
        pitch = torch.rad2deg(torch.atan2(front[:, 1], torch.hypot(front[:, 0], front[:, 2])))
        print(f"  {side} sole of {int(standing.sum()):,} standing rows: pitch median {pitch.median():.1f}° (toes up +)")
    front = world[upright, SMPL.index("head"), :, 2]
    pitch = torch.rad2deg(torch.atan2(front[:, 1], torch.hypot(front[:, 0], front[:, 2])))
    low, middle, high = (float(pitch.quantile(q)) for q in (0.1, 0.5, 0.9))
    print(
        f"  face of {int(upright.sum()):,} upright rows: pitch {low:.0f}° / {middle:.0f}° / {high:.0f}° (10, 50, 90 %)"
    )


def round_trip(path: Path, count: int) -> None:
    packed = PackedPoses(path)
    rows = packed.rows()
    pose = packed.pose(rows[np.linspace(0, len(rows) - 1, count).astype(int)])
    print(f"\nnpz → BVH → npz, {count} CMU poses")
    with tempfile.TemporaryDirectory() as folder:
        for unit in ("m", "cm"):
            files = [Path(folder) / name for name in ("a.npz", "a.bvh", "b.npz")]
            save(PoseClip(pose, fps=120), files[0])
            first = load(files[0])
            save(first, files[1], WriteOptions(unit=unit))
            save(load(files[1]), files[2])
            last = load(files[2])
            angle = torch.rad2deg(geodesic_distance(first.pose.local_rotations, last.pose.local_rotations))
            length = (first.pose.transl - last.pose.transl).norm(dim=-1) * 1000
            turned = f"rotations max {angle.max():.6f}°, mean {angle.mean():.6f}°"
            print(f"  {unit}: {turned}; transl max {length.max():.5f} mm")


def makehuman(folder: Path) -> None:
    files = sorted(folder.glob("*.bvh"))
    print(
        f"\n{len(files)} BVH files of MakeHuman: matched joints, limb direction error (mean, max), face pitch, degrees"
    )
    for path in files:
        text = parse_bvh(path.read_bytes(), path.name)
        motion = BvhMotion(text, path.name)
        match = matched(motion.source.skeleton, path.name)
        every = motion.sample_frames()
        retargeter = fit_retargeter(motion.source, match, motion.local_rotations(every, range(len(text.joints))))
        local = motion.local_rotations(every, retargeter.kept)
        root, offsets = motion.positions(every, retargeter.kept, retargeter.scale)
        points = retargeter.points(retargeter.world(local, root, offsets)) @ retargeter.axes.T
        pose = load(path).pose
        errors = limb_direction_errors(pose, points, LIMB_BONES)
        head = forward_kinematics(pose.local_rotations, smpl_rest_offsets()).rotations[0, SMPL.index("head"), :, 2]
        pitch = float(torch.rad2deg(torch.asin(head[1].clamp(-1, 1))))
        print(f"  {path.stem:12s} {len(match.joints)} of 24   {errors.mean():.4f} {errors.max():.4f}   {pitch:6.1f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--poses", type=int, default=200, help="poses of the round trip")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    for name in ("cmu_poses_30k.npz", "cmu_daz_poses_6k.npz"):
        packed_figures(options.data / name)
    round_trip(options.data / "cmu_poses_30k.npz", options.poses)
    makehuman(options.data / "makehuman_poses")


if __name__ == "__main__":
    main()
