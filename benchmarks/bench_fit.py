"""The fit of bodies to landmarks in figures: time for K hypotheses, and what it does to errors of known size.

`python benchmarks/bench_fit.py [--data FOLDER] [--bank FOLDER]`; FOLDER of --data holds the packed poses, of which the
validation split is used (atlas training entries without it). --bank is a folder of `chatpose.train.landmark_bank` (its
validation split): what BlazePose really says of rendered people instead of noise.
"""

import argparse
import math
import time
from pathlib import Path
from typing import cast

import numpy as np
import roma
import torch
from torch import Tensor

from chatpose.atlas.compiled import Atlas
from chatpose.body.pose import Pose
from chatpose.body.rotations import axis_angle_to_matrix
from chatpose.perception.body_landmarks import BodyLandmarks
from chatpose.perception.fit import Fitter
from chatpose.perception.fit_config import FitConfig
from chatpose.perception.fit_evidence import Evidence, counted
from chatpose.perception.virtual_views import CROPS, ViewSettings, VirtualViews, draw_views
from chatpose.train.landmark_bank import LandmarkBank
from chatpose.train.tokenizer_data import packed_rotations

PEOPLE = 200


def perturbed(rotations: Tensor, width_deg: float) -> Pose:
    """Hypotheses: true rotations with every joint but the knuckles turned by that much in the mean square."""
    generator = torch.Generator().manual_seed(3)
    turn = torch.randn(len(rotations), 24, 3, generator=generator) * math.radians(width_deg) / 3**0.5
    turn[:, 22:] = 0
    return Pose.from_rotations(rotations @ axis_angle_to_matrix(turn))


def synthetic(views: VirtualViews, noise_m: float, config: FitConfig) -> Evidence:
    """Landmarks with Gaussian noise across the line of sight, three times as much along it."""
    points = views.points_photo
    noise = torch.randn(points.shape, generator=torch.Generator().manual_seed(4)) * noise_m
    placed = points + noise * points.new_tensor([1.0, 1.0, 3.0])
    tangents = placed[..., :2] / -points[..., 2:].clamp_max(-0.05)
    inside = views.points_inside.float()
    seen = counted(0.98 * inside, inside, config)
    middle = points.mean(1)
    return Evidence(tangents, placed, seen, views.focal_px, views.photo_from_level, middle)


def errors(estimated: Tensor, true: Tensor, counts: Tensor) -> tuple[float, float]:
    """MPJPE with the pelvis on the pelvis, and after Procrustes with scale; millimetres over the joints that count."""
    apart = (estimated - estimated[:, :1] - true + true[:, :1]).norm(dim=-1)
    one, other = (joints - joints.mean(1, keepdim=True) for joints in (estimated, true))
    turn, _, scale = cast(tuple[Tensor, ...], roma.rigid_points_registration(one, other, compute_scaling=True))
    aligned = (scale[:, None, None] * one @ turn.mT - other).norm(dim=-1)
    first, second = (float((off * counts).sum() / counts.sum()) * 1e3 for off in (apart, aligned))
    return first, second


def report(label: str, fitter: Fitter, evidence: Evidence, true: Pose, counts: Tensor, width_deg: float) -> None:
    """One line: errors before and after."""
    start = perturbed(true.local_rotations, width_deg)
    fitted = fitter.fit_all(evidence, start, torch.full((24,), math.radians(width_deg) * 0.92))
    joints = [fitter.body.joints(pose) for pose in (start, fitted.poses, true)]
    before, after = (errors(one, joints[2], counts) for one in joints[:2])
    print(
        f"{label:34s} {width_deg:4.0f} deg   MPJPE {before[0]:4.0f} -> {after[0]:3.0f} mm   PA {before[1]:4.0f} -> "
        f"{after[1]:3.0f} mm   residual {float(fitted.residual_px.median()):4.1f} px   steps "
        f"{float(fitted.steps.float().mean()):.1f}"
    )


def report_times(fitter: Fitter, evidence: Evidence, true: Pose) -> None:
    """Wall and CPU time for K hypotheses about one person, medians over people, warm."""
    for count in (1, 5, 8):
        wall, cpu = [], []
        for row in range(20):
            start = perturbed(true.local_rotations[row : row + 1].expand(count, -1, -1, -1), 12)
            repeated = evidence[row : row + 1].repeated(count)
            before = time.perf_counter(), time.process_time()
            fitter.fit_all(repeated, start)
            wall.append(time.perf_counter() - before[0])
            cpu.append(time.process_time() - before[1])
        wall_ms, cpu_ms, worst = (1e3 * float(one) for one in (np.median(wall), np.median(cpu), max(cpu)))
        print(f"K = {count}: {wall_ms:6.0f} ms wall, {cpu_ms:5.0f} ms CPU (worst of 20: {worst:.0f})")


def main() -> None:
    """Prints all figures."""
    parser = argparse.ArgumentParser(description="Time and effect of the fit.")
    parser.add_argument("--data", type=Path, help="folder with the packed poses")
    parser.add_argument("--bank", type=Path, help="landmark bank of validation poses")
    args = parser.parse_args()
    torch.set_num_threads(1)
    plain, usual = Fitter(config=FitConfig(shift_m={})), Fitter()
    rotations = packed_rotations(args.data, "validation", PEOPLE) if args.data else None
    poses = Pose.from_rotations(rotations[:PEOPLE]) if rotations is not None else Atlas.load().training().poses[:PEOPLE]
    for crop in ("whole", "legs out", "bust"):
        settings = ViewSettings(crops={crop: CROPS[crop]})
        generator = torch.Generator().manual_seed(1)
        views = draw_views(poses, BodyLandmarks(plain.body), generator, settings, keep_shapes=True)
        counts = plain_counts(views)
        for noise in (0.0, 0.03):
            evidence = synthetic(views, noise, plain.config)
            for width in (10.0, 20.0):
                report(f"{crop}, noise {100 * noise:.0f} cm", plain, evidence, views.pose, counts, width)
        if crop == "whole":
            report_times(plain, synthetic(views, 0.03, plain.config), views.pose)
    if args.bank:
        bank = LandmarkBank.read(args.bank)
        for clean in (True, False):
            rows = bank[bank.found & (bank.clean == clean)]
            count = range(len(rows))
            evidence = Evidence.of([rows.landmarks(n) for n in count], [rows.camera(n) for n in count], usual.config)
            visible = (rows.joints_sight[:, 0] & ~rows.joints_sight[:, 1]).float()
            for width in (8.0, 15.0):
                label = f"BlazePose, {'clean' if clean else 'occluded'}"
                report(label, usual, evidence, rows.pose.replace(betas=torch.zeros_like(rows.betas)), visible, width)


def plain_counts(views: VirtualViews) -> Tensor:
    """(N, 24) 1 for joints in the photo."""
    depth = -views.joints_photo[..., 2:].clamp_max(-0.05)
    pixels = views.joints_photo[..., :2] / depth * views.focal_px[:, None, None] * torch.tensor([1.0, -1.0])
    return (pixels.abs() <= views.size_px[:, None] / 2).all(-1).float()


if __name__ == "__main__":
    main()
