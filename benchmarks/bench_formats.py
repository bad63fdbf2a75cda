"""How long pose files take to read and write: 10,000 frames of an AMASS-like motion in the formats of rotations."""

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from chatpose.formats import load, save


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--frames", type=int, default=10_000)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    torch.set_num_threads(1)
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "amass.npz"
        np.savez(
            path,
            poses=rng.normal(size=(options.frames, 156)) * 0.3,
            trans=rng.normal(size=(options.frames, 3)),
            betas=rng.normal(size=16),
            gender="female",
            mocap_framerate=120.0,
        )
        clip = load(path)
        show("read AMASS npz", lambda: load(path), options.repeats)
        show("write the same npz", lambda: save(clip, Path(folder) / "same.npz"), options.repeats)
        edited = clip.with_pose(clip.pose)
        for suffix in (".npz", ".npy", ".json"):
            target = Path(folder) / f"again{suffix}"
            show(f"write {suffix}", lambda target=target: save(edited, target), options.repeats)
            show(f"read {suffix}", lambda target=target: load(target), options.repeats)


def show(name: str, action: Callable[[], Any], repeats: int) -> None:
    """Prints the best of several runs, wall clock and CPU."""
    runs = []
    for _ in range(repeats):
        wall, cpu = time.perf_counter(), time.process_time()
        action()
        runs.append((time.perf_counter() - wall, time.process_time() - cpu))
    print(f"{name:<20} {min(wall for wall, _ in runs):6.3f} s wall {min(cpu for _, cpu in runs):6.3f} s CPU")


if __name__ == "__main__":
    main()
