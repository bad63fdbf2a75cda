"""Speed of posecodes by stage: points, contact, extraction, choosing and wording; and beside the public pipeline.

    python benchmarks/bench_posecodes.py [--poses 4096] [--threads 2] [--seconds 3] [--data ../shared/data]
    python benchmarks/bench_posecodes.py --posescript PATH [--their-poses 500]

PATH is a checkout of the public pipeline (github.com/naver/posescript, CC BY-NC-SA: never part of this repository). It
runs in its default setting (skipping, both ripple effects, aggregation; no contact codes, which need a licensed body)
on the same joints in the same run. It needs networkx; its plotting packages are stood in for when they are missing.

Asked for: extraction without contact >= 150,000 poses/s batched on two cores, full captions at full coverage >= 2,500
poses per CPU-second in one process, one pose <= 10 ms warm. Wall times swing on a busy machine; CPU time is fairer.
Two threads on a machine that others use too spin while they wait, up to 50 times as long as they work:
OMP_WAIT_POLICY=passive keeps them from it.
"""

import argparse
import contextlib
import importlib
import io
import math
import random
import statistics
import sys
import time
import types
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from chatpose.body.capsules import body_capsules
from chatpose.body.contact import find_contacts
from chatpose.body.pose import Pose, concatenate_poses
from chatpose.corpus.packed import PackedPoses
from chatpose.corpus.random_poses import jittered_postures, limit_poses
from chatpose.posecodes.captioning import caption
from chatpose.posecodes.contacts import touch_gaps
from chatpose.posecodes.definitions import all_posecodes
from chatpose.posecodes.describe import Describer
from chatpose.posecodes.extraction import extract
from chatpose.posecodes.points import points_of_kinematics

STYLES = ("short", "plain", "full")


@dataclass(frozen=True)
class Timing:
    """Seconds of one call, the best of several."""

    wall: float
    cpu: float

    def __add__(self, other: "Timing") -> "Timing":
        return Timing(self.wall + other.wall, self.cpu + other.cpu)


def timed(function: Callable[[], Any], seconds: float) -> Timing:
    """The fastest of as many calls as fit, after one that warms up."""
    function()
    runs: list[Timing] = []
    until = time.perf_counter() + seconds
    while len(runs) < 3 or time.perf_counter() < until:
        wall, cpu = time.perf_counter(), time.process_time()
        function()
        runs.append(Timing(time.perf_counter() - wall, time.process_time() - cpu))
    return Timing(min(run.wall for run in runs), min(run.cpu for run in runs))


def row(name: str, timing: Timing, poses: int) -> None:
    """One line of the table."""
    print(
        f"{name:34s} {1e3 * timing.wall:9.2f} ms {poses / timing.wall:11,.0f} poses/s "
        f"{poses / timing.cpu:11,.0f} poses per CPU-second"
    )


def sample(count: int, data: Path | None) -> Pose:
    """Real poses if there are any, else random ones; a fifth is random in either case."""
    generator = torch.Generator().manual_seed(0)
    real = count * 4 // 5 if data else 0
    rest = count - real
    parts = [limit_poses(rest - rest // 2, generator), jittered_postures(rest // 2, generator)]
    if data:
        packed = PackedPoses(data / "cmu_poses_30k.npz")
        parts.insert(0, packed.pose(packed.rows()[:real]))
    return concatenate_poses(parts)


def bench_stages(describer: Describer, poses: Pose, seconds: float) -> dict[str, Timing]:
    """Times every stage by itself on one batch."""
    body, count = describer.body, len(poses)
    world = body.kinematics(poses)
    points, capsules = points_of_kinematics(world), body_capsules(body)
    contacts = find_contacts(capsules, world)
    gaps = touch_gaps(contacts)
    found = extract(points, gaps=gaps)
    stages: dict[str, Callable[[], Any]] = {
        "kinematics": lambda: body.kinematics(poses),
        "points and frames": lambda: points_of_kinematics(world),
        "contact": lambda: touch_gaps(find_contacts(capsules, world)),
        "extraction, points included": lambda: extract(points_of_kinematics(world)),
        "extraction with contact's gaps": lambda: extract(points, gaps=gaps),
        "deciding measures, for captions": lambda: extract(points, gaps=gaps).deciding,
        **{f"choosing and wording, {style}": _wording(found, style) for style in STYLES},
        **{f"all from poses to captions, {style}": _whole(describer, poses, style) for style in STYLES},
    }
    timings = {}
    for name, stage in stages.items():
        timings[name] = timed(stage, seconds)
        row(name, timings[name], count)
    return timings


def _wording(found: Any, style: Any) -> Callable[[], Any]:
    return lambda: caption(found, style)


def _whole(describer: Describer, poses: Pose, style: Any) -> Callable[[], Any]:
    return lambda: caption(describer.extract(poses), style)


def bench_latency(describer: Describer, poses: Pose) -> float:
    """Milliseconds from one pose to its full caption, warm, the median."""
    single = [poses[number : number + 1] for number in range(50)]
    times = []
    for pose in single:
        start = time.perf_counter()
        caption(describer.extract(pose), "full")
        times.append(1e3 * (time.perf_counter() - start))
    return statistics.median(times[10:])


def coverage(describer: Describer, poses: Pose) -> dict[str, float]:
    """Distinct statements a caption by style."""
    found = describer.extract(poses)
    return {
        style: statistics.mean(len(set(words.statements)) for words in caption(found, style))  # pyright: ignore
        for style in STYLES
    }


# --- the public pipeline ---------------------------------------------------------------------------------------------

BODY_JOINTS = 22
STAND_INS = ("matplotlib", "matplotlib.pyplot", "tabulate")


@dataclass(frozen=True)
class Theirs:
    """What the public pipeline did: seconds, codes a caption before it merges them, words a caption."""

    timing: Timing
    statements: float
    words: float


def load_theirs(checkout: Path) -> Any:
    """Its captioning module.

    Raises:
        SystemExit: no checkout there, or one that can't be imported; says why.
    """
    source = checkout / "src"
    if not (source / "text2pose" / "posescript" / "captioning.py").is_file():
        raise SystemExit(
            f"{checkout} is no checkout of the public pipeline: it has no src/text2pose/posescript/captioning.py.\n"
            "Get it with: git clone https://github.com/naver/posescript"
        )
    for name in STAND_INS:
        try:
            importlib.import_module(name)
        except ImportError:
            module: Any = types.ModuleType(name)
            module.tabulate = lambda *_, **__: ""
            sys.modules[name] = module
    sys.path.insert(0, str(source))
    try:
        return importlib.import_module("text2pose.posescript.captioning")
    except ImportError as error:
        raise SystemExit(f"the public pipeline can't be imported ({error}); install what it lacks") from error


def run_theirs(module: Any, poses: Pose, describer: Describer) -> Theirs:
    """Captions of the same joints, in its frame: y up, heading removed, 22 body joints."""
    facing = poses.without_heading()
    joints = describer.body.joints(facing)[:, :BODY_JOINTS].contiguous()
    rotations = facing.axis_angle()[:, :BODY_JOINTS].contiguous()
    counts: list[int] = []
    original = module.format_and_skip_posecodes

    def counting(*arguments: Any, **options: Any) -> Any:
        codes, skipped = original(*arguments, **options)
        counts.extend(len(of_pose) for of_pose in codes)
        return codes, skipped

    module.format_and_skip_posecodes = counting
    random.seed(0)
    torch.manual_seed(0)
    wall, cpu = time.perf_counter(), time.process_time()
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            texts = module.main(
                joints, joint_rotations=rotations, use_contact_codes=False, verbose=False, ret_type="list"
            )
    finally:
        module.format_and_skip_posecodes = original
    timing = Timing(time.perf_counter() - wall, time.process_time() - cpu)
    words = statistics.mean(len(text.split()) for text in texts)
    return Theirs(timing, statistics.mean(counts) if counts else math.nan, words)


def compare_with_theirs(checkout: Path, describer: Describer, poses: Pose, count: int, ours: float) -> None:
    """Both rates on the same joints in the same run."""
    chosen = poses[:: max(1, len(poses) // count)][:count]
    module = load_theirs(checkout)
    run_theirs(module, chosen[:20], describer)
    theirs = min((run_theirs(module, chosen, describer) for _ in range(2)), key=lambda run: run.timing.cpu)
    here = timed(_whole(describer, chosen, "full"), 3.0)
    rate, other = len(chosen) / here.cpu, len(chosen) / theirs.timing.cpu
    print(f"\npublic pipeline, default setting, {len(chosen)} poses, heads told, no contact:")
    row("  public pipeline", theirs.timing, len(chosen))
    row("  ours, full style, contact included", here, len(chosen))
    print(f"  statements a caption: theirs {theirs.statements:.1f} ({theirs.words:.0f} words), ours {ours:.1f}")
    print(f"  ours is {rate / other:.1f} times as fast per CPU-second, {rate * ours / other / theirs.statements:.1f} "
          "times in statements")  # fmt: skip


def main() -> int:
    """Runs the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--poses", type=int, default=4096)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--data", type=Path, help="folder of the given data; random poses without it")
    parser.add_argument("--posescript", type=Path, help="checkout of the public pipeline to compare with")
    parser.add_argument("--their-poses", type=int, default=500)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    describer, poses = Describer(), sample(options.poses, options.data)
    print(f"{len(poses):,} poses, {len(all_posecodes())} codes, {options.threads} thread(s), torch {torch.__version__}")
    timings = bench_stages(describer, poses, options.seconds)
    said = coverage(describer, poses)
    print("distinct statements a caption: " + ", ".join(f"{style} {count:.1f}" for style, count in said.items()))
    latency = bench_latency(describer, poses)
    print(f"one pose to its full caption, warm: {latency:.1f} ms (asked for: 10)")
    batched = len(poses) / timings["extraction, points included"].wall
    print(f"extraction without contact: {batched:,.0f} poses/s (asked for: 150,000)")
    torch.set_num_threads(1)  # what a CPU-second gives in one process, without threads that wait and spin
    whole = timed(_whole(describer, poses, "full"), options.seconds)
    row("full captions, one thread", whole, len(poses))
    print(f"full captions: {len(poses) / whole.cpu:,.0f} poses per CPU-second (asked for: 2,500)")
    if options.posescript:
        compare_with_theirs(options.posescript, describer, poses, options.their_poses, said["full"])
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
