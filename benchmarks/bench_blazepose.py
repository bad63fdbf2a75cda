"""How long finding people takes: `python benchmarks/bench_blazepose.py PHOTO...` prints ms for each photo.

CPU time is that of all threads of this process; wall time depends on what else the machine does.
"""

import argparse
import time
from pathlib import Path

import numpy as np
from PIL import Image

from chatpose.perception.anchors import INPUT_SIZE
from chatpose.perception.blazepose import BlazePose
from chatpose.perception.crops import whole
from chatpose.perception.detector import detect
from chatpose.perception.interpreter import Interpreter
from chatpose.perception.landmarker import read_crop
from chatpose.perception.model_files import DETECTOR, LANDMARKER, read_model
from chatpose.perception.photo import read_photo


def timed(action, repeats):
    """Wall and CPU ms of one call, warm."""
    action()
    wall, cpu = time.perf_counter(), time.process_time()
    for _ in range(repeats):
        action()
    return (time.perf_counter() - wall) / repeats * 1e3, (time.process_time() - cpu) / repeats * 1e3


def main():
    parser = argparse.ArgumentParser(description="How long finding people takes.")
    parser.add_argument("photos", nargs="+", type=Path)
    parser.add_argument("--repeats", type=int, default=10)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    eyes = BlazePose(options.threads)
    detector, landmarker = (Interpreter(read_model(file), options.threads) for file in (DETECTOR, LANDMARKER))
    noise = Image.fromarray(np.zeros((INPUT_SIZE, INPUT_SIZE, 3), np.uint8))
    parts = {
        "one look of the detector": lambda: detect(detector, noise, whole(noise)),
        "one look for landmarks": lambda: read_crop(landmarker, noise, whole(noise)),
    }
    for path in options.photos:
        photo = read_photo(path)
        found = len(eyes.see(photo.pixels, limit=None))
        parts[f"read {path.name}, {photo.size[0]} × {photo.size[1]}"] = lambda path=path: read_photo(path)
        parts[f"see {found} in {path.name}"] = lambda pixels=photo.pixels: eyes.see(pixels, limit=None)
    for name, action in parts.items():
        wall, cpu = timed(action, options.repeats)
        print(f"{name:60} {wall:8.1f} ms wall {cpu:8.1f} ms CPU")


if __name__ == "__main__":
    main()
