"""Times the renderer: whole pictures, and each stage of one.

    python benchmarks/bench_render.py [--size 512] [--repeats 20]

Threads are held to one, so CPU time and wall time differ only by what else the machine does.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable

import numpy as np
import torch

from chatpose import BodyModel, Pose
from chatpose.body.render import Camera, Look, figure_of_body, rasterize, render, render_sheet
from chatpose.body.render.floor import draw_floor_shadow, floor_shadow
from chatpose.body.render.raster import scan
from chatpose.body.render.shading import shade, vertex_normals

LIMIT_MS = 200.0
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


def median_ms(call: Callable[[], object], repeats: int) -> tuple[float, float]:
    """Median wall and CPU milliseconds after one call to warm up."""
    call()
    wall, cpu = [], []
    for _ in range(repeats):
        wall_start, cpu_start = time.perf_counter(), time.process_time()
        call()
        wall.append(time.perf_counter() - wall_start)
        cpu.append(time.process_time() - cpu_start)
    return float(np.median(wall)) * 1e3, float(np.median(cpu)) * 1e3


def poses() -> dict[str, Pose]:
    sitting = torch.zeros(24, 3)
    sitting[[1, 2], 0], sitting[[4, 5], 0] = -1.5, 1.5
    sitting[16, 2], sitting[17, 2] = -1.1, 1.1
    lying = torch.zeros(24, 3)
    lying[0, 0] = -1.57
    axis_angles = {"T-pose": torch.zeros(24, 3), "sitting": sitting, "lying": lying}
    return {name: Pose.from_axis_angle(aa[0], aa[1:].reshape(-1)) for name, aa in axis_angles.items()}


def main() -> None:
    if not ONE_THREAD.items() <= os.environ.items():  # numpy reads them when it is imported: start again
        os.execve(sys.executable, sys.orig_argv, {**os.environ, **ONE_THREAD})
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--repeats", type=int, default=20)
    arguments = parser.parse_args()
    size, repeats = arguments.size, arguments.repeats
    torch.set_num_threads(1)

    def report(name: str, call: Callable[[], object]) -> float:
        wall, cpu = median_ms(call, repeats)
        print(f"{name:34s} wall {wall:7.1f} ms   CPU {cpu:7.1f} ms")
        return cpu

    model = BodyModel.open()
    print(f"{model}, {len(model.data.faces):,} faces, {size}×{size}, median of {repeats}")
    figures = {name: figure_of_body(model(pose), model) for name, pose in poses().items()}
    worst = 0.0
    for name, figure in figures.items():
        for view in ("front", "three-quarter", "side"):
            camera = Camera.from_name(view).framing(figure.vertices)
            worst = max(worst, report(f"render {name}, {view}", lambda f=figure, c=camera: render(f, c, size)))
    print(f"slowest: {worst:.1f} ms CPU; limit {LIMIT_MS:.0f} ms: {'kept' if worst <= LIMIT_MS else 'BROKEN'}")

    figure, look = figures["T-pose"], Look()
    camera = Camera.from_name("three-quarter").framing(figure.vertices)
    low, lighting, azimuth = float(figure.vertices[:, 1].min()), look.lighting, camera.azimuth_deg
    shadow = floor_shadow(figure.vertices, low, azimuth, lighting)
    blank = np.ones((size, size, 3), np.float32)
    print("stages, T-pose, three-quarter")
    report("  pose the body", lambda: model(poses()["T-pose"]))
    report("  frame the camera", lambda: camera.framing(figure.vertices))
    report("  vertex normals (part of light)", lambda: vertex_normals(figure.vertices, figure.faces))
    report(
        "  light",
        lambda: shade(figure.vertices, figure.faces, figure.colors, camera.position, azimuth, lighting),
    )
    report("  floor shadow", lambda: floor_shadow(figure.vertices, low, azimuth, lighting))
    report("  floor shadow into the picture", lambda: draw_floor_shadow(blank, shadow, camera))
    for samples in (1, 2, 3):
        pixels, depth = camera.project(figure.vertices, size * samples)
        edge = size * samples
        report(
            f"  z-buffer, {samples}×{samples} samples",
            lambda p=pixels, d=depth, e=edge: scan(p, d, figure.faces, e, e),
        )
    for samples in (1, 2, 3):
        one = Look(samples=samples)
        report(f"  whole picture, {samples}×{samples} samples", lambda k=one: render(figure, camera, size, look=k))
    report("  depth buffers for conditions", lambda: rasterize(figure.vertices, figure.faces, camera, size))
    report("sheet of 12, 256 pixels each", lambda: render_sheet([figure] * 12, [str(k) for k in range(12)]))


if __name__ == "__main__":
    main()
