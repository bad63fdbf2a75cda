"""Speed of forward kinematics and of anatomical angles, and the angles' round-trip errors inside the limits.

    python benchmarks/bench_kinematics.py [--batch 4096] [--threads 2] [--seconds 3]

Several threads on a busy machine spin while they wait and then cost several times as much; OMP_WAIT_POLICY=passive
keeps them from it.

Figures asked for: kinematics >= 100,000 poses/s on 2 cores in batches of 4,096; round trip < 0.1 degrees.
"""

import argparse
import time
from collections.abc import Callable

import torch

from chatpose.body.angle_table import ANGLE_NAMES
from chatpose.body.angles import angles_to_body_pose, body_pose_to_angles
from chatpose.body.joint_limits import LIMIT_NAMES, clamp_angles, limit_bounds
from chatpose.body.kinematics import forward_kinematics
from chatpose.body.rotations import axis_angle_to_matrix, geodesic_distance
from chatpose.body.skeleton import SMPL, smpl_rest_offsets


def poses_per_second(name: str, work: Callable[[], object], batch: int, seconds: float) -> float:
    work()
    rounds, wall, cpu = 0, time.perf_counter(), time.process_time()
    while time.perf_counter() - wall < seconds:
        work()
        rounds += 1
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    rate = rounds * batch / wall
    print(f"{name:32s} {rate:12,.0f} poses/s wall   {rounds * batch / cpu:12,.0f} poses per CPU second")
    return rate


def round_trip(extreme: bool, dtype: torch.dtype, count: int) -> float:
    low, high = limit_bounds(torch.zeros((), dtype=dtype), extreme=extreme)
    box = low + (high - low) * torch.rand(count, len(LIMIT_NAMES), dtype=dtype)
    angles = clamp_angles(box[:, : len(ANGLE_NAMES)], extreme=extreme)
    body_pose = angles_to_body_pose(angles)
    again = body_pose_to_angles(body_pose)
    angle_error = float(torch.rad2deg((again - angles).abs().max()))
    pose_error = float(torch.rad2deg(geodesic_distance(angles_to_body_pose(again), body_pose).max()))
    worst = ANGLE_NAMES[int((again - angles).abs().amax(0).argmax())]
    print(
        f"{count:,} samples, {'extreme' if extreme else 'adult'} limits, {str(dtype).removeprefix('torch.')}: "
        f"angles {angle_error:.4f} deg (worst {worst}), pose {pose_error:.5f} deg"
    )
    return max(angle_error, pose_error)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batch", type=int, default=4096)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--samples", type=int, default=10_000)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    local = axis_angle_to_matrix(torch.randn(options.batch, len(SMPL), 3) * 0.5)
    offsets, body_pose = smpl_rest_offsets(), local[:, 1:].contiguous()
    angles = body_pose_to_angles(body_pose)
    print(f"batch {options.batch}, {options.threads} threads")
    with torch.no_grad():
        rate = poses_per_second(
            "forward kinematics", lambda: forward_kinematics(local, offsets), options.batch, options.seconds
        )
        poses_per_second("pose -> 69 angles", lambda: body_pose_to_angles(body_pose), options.batch, options.seconds)
        poses_per_second("69 angles -> pose", lambda: angles_to_body_pose(angles), options.batch, options.seconds)
        worst = max(
            round_trip(extreme, dtype, options.samples)
            for extreme in (False, True)
            for dtype in (torch.float32, torch.float64)
        )
    ok = rate >= 100_000 and worst < 0.1
    print("OK" if ok else "MISSED: kinematics >= 100,000 poses/s, round trip < 0.1 degrees")
    return 0 if ok else 1


if __name__ == "__main__":
    raise SystemExit(main())
