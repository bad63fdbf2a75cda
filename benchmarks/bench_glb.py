"""How long a GLB takes to make and how large it is, for one pose and for motions.

Run: python benchmarks/bench_glb.py [--repeats N] [--frames N ...]
"""

import argparse
import time

import torch

from chatpose.body.model import BodyModel
from chatpose.body.pose import Pose
from chatpose.body.rotations import axis_angle_to_matrix
from chatpose.formats.clip import PoseClip
from chatpose.formats.glb import clip_to_glb


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=10)
    parser.add_argument("--frames", type=int, nargs="+", default=[1, 300, 10_000])
    options = parser.parse_args()
    torch.manual_seed(0)
    body = BodyModel.open()
    print(f"{body}, torch on {torch.get_num_threads()} threads, best of {options.repeats}")
    for frames in options.frames:
        rotations = axis_angle_to_matrix(0.5 * torch.randn(frames, 24, 3))
        clip = PoseClip(Pose.from_rotations(rotations), fps=30.0)
        walls, cpus, content = [], [], b""
        for _ in range(options.repeats):
            wall, cpu = time.perf_counter(), time.process_time()
            content = clip_to_glb(clip, body)
            walls.append(time.perf_counter() - wall)
            cpus.append(time.process_time() - cpu)
        print(
            f"{frames:>7,} frames: {min(walls) * 1e3:7.1f} ms wall, {min(cpus) * 1e3:7.1f} ms CPU, "
            f"{len(content) / 1e6:6.2f} MB"
        )


if __name__ == "__main__":
    main()
