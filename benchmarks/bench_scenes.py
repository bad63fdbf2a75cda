"""Speed of what perception is trained and measured on: landmarks without meshes, random views, rendered scenes.

`python benchmarks/bench_scenes.py [--count N]`
"""

import argparse
import time
from collections.abc import Callable

import numpy as np
import torch

from chatpose.body.model import BodyModel
from chatpose.body.pose import Pose
from chatpose.body.rotations import axis_angle_to_matrix
from chatpose.perception.body_landmarks import BodyLandmarks
from chatpose.perception.scenes import KINDS, SceneMaker
from chatpose.perception.virtual_views import draw_views


def random_poses(count: int) -> Pose:
    """Poses with every joint turned a little."""
    turns = 0.35 * torch.randn(count, 24, 3, generator=torch.Generator().manual_seed(0))
    return Pose.from_rotations(axis_angle_to_matrix(turns))


def seconds(function: Callable[[], object], repeats: int = 5) -> tuple[float, float]:
    """Wall and CPU seconds of one call, the median of some."""
    function()
    wall, cpu = [], []
    for _ in range(repeats):
        before = time.perf_counter(), time.process_time()
        function()
        wall.append(time.perf_counter() - before[0])
        cpu.append(time.process_time() - before[1])
    return float(np.median(wall)), float(np.median(cpu))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=4096, help="poses at once")
    parser.add_argument("--scenes", type=int, default=40, help="scenes of each kind")
    options = parser.parse_args()
    torch.set_num_threads(1)
    landmarks, poses = BodyLandmarks(BodyModel.open()), random_poses(options.count)
    generator = torch.Generator().manual_seed(0)
    for name, function in (
        ("landmarks of poses", lambda: landmarks(poses)),
        ("random views", lambda: draw_views(poses, landmarks, generator)),
    ):
        wall, cpu = seconds(function)
        print(f"{name}: {len(poses) / wall:,.0f} per second wall, {len(poses) / cpu:,.0f} per CPU second")
    maker = SceneMaker()
    for kind in KINDS:
        wall, cpu = [], []
        for seed in range(options.scenes):
            before = time.perf_counter(), time.process_time()
            maker.make(poses[seed % len(poses)], seed, kind)
            wall.append(1000 * (time.perf_counter() - before[0]))
            cpu.append(1000 * (time.process_time() - before[1]))
        told = ", ".join(
            f"{np.median(took):.0f} ms median, {np.quantile(took, 0.95):.0f} ms 95 % {what}"
            for what, took in (("wall", wall), ("CPU", cpu))
        )
        print(f"{kind} scenes of {maker.longest_px} pixels: {told}")


if __name__ == "__main__":
    main()
