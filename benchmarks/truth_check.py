"""Is everything true that captions say? Every clause is read back and measured by a re-reader that shares nothing.

    python benchmarks/truth_check.py --data ../shared/data [--real 20000] [--random 5000] [--styles short plain full]

Real poses are all of the given data, spread over subjects: both packed CMU collections and the MakeHuman poses. Random
ones are half anywhere in the joint limits with any orientation, half hand-made postures (floor, kneeling, lying …) with
jitter. The re-reader (tests/reread_*.py) parses every clause and measures it on the joints, ground and touch on the
skinned mesh too.

Asked for: 0 false clauses and 0 that can't be read; full style >= 12 distinct statements and >= 50 words, plain >= 6
statements; >= 95 % of the codes said at least once; a mirrored pose gives the exchanged caption, a turned heading the
same, every process and thread count the same. The exit status is 1 when one of these is missed.
"""

import argparse
import hashlib
import json
import os
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
import torch

from chatpose.body.pose import Pose, concatenate_poses
from chatpose.body.rotations import about_axis
from chatpose.posecodes.captioning import caption
from chatpose.posecodes.definitions import all_posecodes
from chatpose.posecodes.describe import Describer
from chatpose.posecodes.extraction import Extraction

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from reread_check import Truth, Verdict, exchange  # noqa: E402 # pyright: ignore[reportMissingImports]
from reread_poses import random_poses, real_poses, skin_of  # noqa: E402 # pyright: ignore[reportMissingImports]

STYLES = ("short", "plain", "full")
LEAST_STATEMENTS = {"short": 1, "plain": 6, "full": 12}
LEAST_WORDS = {"short": 1, "plain": 1, "full": 50}
BATCH = 2048
SEED = 1


def extract_all(describer: Describer, poses: Pose) -> tuple[np.ndarray, list[Extraction]]:
    """Which posecodes hold, (N, C), and the batches they came in."""
    batches = [describer.extract(poses[start : start + BATCH]) for start in range(0, len(poses), BATCH)]
    return np.concatenate([batch.holds.numpy() for batch in batches]), batches


def captions_of(batches: list[Extraction], style: str) -> list[str]:
    """One caption a pose; wordings differ from pose to pose."""
    made: list[str] = []
    for batch in batches:
        seeds = list(range(len(made), len(made) + len(batch)))
        made += [words.text for words in caption(batch, style, seeds)]  # pyright: ignore[reportArgumentType]
    return made


def print_verdict(style: str, verdict: Verdict, worst: int) -> None:
    """One style's figures and its worst clauses."""
    count = max(verdict.captions, 1)
    print(
        f"{style:6s} {verdict.captions:,} captions, {verdict.clauses:,} clauses read, {sum(verdict.said.values()):,} "
        f"statements: {len(verdict.false)} false, {len(verdict.unread)} unreadable; "
        f"{verdict.distinct / count:.1f} distinct statements and {verdict.words / count:.1f} words a caption"
    )
    for falsehood in verdict.false[:worst]:
        print(f"       false by {-falsehood.judged:.1f} tolerances, pose {falsehood.row}: {falsehood.statement}")
        print(f"         {falsehood.caption}")
    for text in verdict.unread[:worst]:
        print(f"       unreadable: {text}")


def print_disagreements(title: str, wrong: list[tuple[str, int, float]], worst: int) -> None:
    """Posecodes against the re-reader, by name."""
    print(f"{title}: {len(wrong)}")
    by_name = Counter(name for name, _, _ in wrong)
    for name, count in by_name.most_common(worst):
        row, value = max(((row, value) for other, row, value in wrong if other == name), key=lambda one: abs(one[1]))
        print(f"       {name}: {count} poses, pose {row} by {value:.1f} tolerances")


def law_mirror(describer: Describer, poses: Pose) -> tuple[int, int]:
    """Captions that aren't exchanged by mirroring, and those among them with no statement at its threshold."""
    return _law(describer, poses, poses.mirror(), exchange)


def law_heading(describer: Describer, poses: Pose) -> tuple[int, int]:
    """Captions that change with the heading, and those among them with no statement at its threshold."""
    generator = torch.Generator().manual_seed(SEED)
    turn = about_axis("y", torch.rand(len(poses), generator=generator) * 6.28)
    return _law(describer, poses, poses.replace(global_orient=turn @ poses.global_orient), str)


BRINK = 2e-3
"""Margin (degrees, metres, percent) up to which rounding may turn a statement over."""


def _law(describer: Describer, poses: Pose, others: Pose, expected) -> tuple[int, int]:
    found, turned = describer.extract(poses), describer.extract(others)
    margins = found.margins.abs()
    brink = (margins < BRINK * torch.where(margins.isnan(), 0.0, 1.0)).any(-1).numpy()
    different, unexplained = 0, 0
    for style in STYLES:
        pairs = zip(caption(found, style, 7), caption(turned, style, 7), strict=True)
        for row, (one, other) in enumerate(pairs):
            if expected(one.text) != other.text:
                different += 1
                unexplained += not brink[row]
    return different, unexplained


def digest(count: int) -> str:
    """Of the captions of some random poses in all styles."""
    describer, poses = Describer(), random_poses(count)
    _, batches = extract_all(describer, poses)
    lines = [text for style in STYLES for text in captions_of(batches, style)]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def law_process(count: int) -> set[str]:
    """Digests from processes with different hash seeds and thread counts; one when all is well."""
    found = set()
    for hash_seed, threads in (("0", "1"), ("1", "1"), ("2", "2")):
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "OMP_NUM_THREADS": threads}
        command = [sys.executable, __file__, "--digest", str(count)]
        run = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        found.add(run.stdout.strip())
    return found


def main() -> int:
    """Runs the check."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder of the given data; without it only random poses are read")
    parser.add_argument("--real", type=int, default=20_000)
    parser.add_argument("--random", type=int, default=5_000)
    parser.add_argument("--styles", nargs="+", choices=STYLES, default=list(STYLES))
    parser.add_argument("--worst", type=int, default=5, help="how many examples are shown")
    parser.add_argument("--laws", type=int, default=2_000, help="poses for the laws")
    parser.add_argument("--digest", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--json", type=Path, help="write the figures there too")
    options = parser.parse_args()
    if options.digest:
        print(digest(options.digest))
        return 0
    parts = [real_poses(options.data, options.real)] if options.data else []
    poses = concatenate_poses([*parts, random_poses(options.random)])
    return report(poses, options)


def report(poses: Pose, options: argparse.Namespace) -> int:
    """Prints the figures; the exit status."""
    started = time.perf_counter()
    describer, failed = Describer(), []
    world = describer.body.kinematics(poses)
    truth = Truth(world.positions.numpy(), world.rotations.numpy(), skin_of(describer.body))
    holds, batches = extract_all(describer, poses)
    names = [code.name for code in all_posecodes()]
    print(f"{len(poses):,} poses ({options.real if options.data else 0:,} real), {len(names)} codes")
    said: Counter[str] = Counter()
    figures: dict[str, dict[str, float]] = {}
    for style in options.styles:
        verdict = truth.verdict(captions_of(batches, style))
        print_verdict(style, verdict, options.worst)
        said += verdict.said
        statements, words = verdict.distinct / verdict.captions, verdict.words / verdict.captions
        if verdict.false or verdict.unread:
            failed.append(f"{style}: false or unreadable clauses")
        if statements < LEAST_STATEMENTS[style] or words < LEAST_WORDS[style]:
            failed.append(f"{style}: says too little")
        figures[style] = {
            **{"captions": verdict.captions, "clauses": verdict.clauses, "false": len(verdict.false)},
            **{"unreadable": len(verdict.unread), "statements": round(statements, 2), "words": round(words, 2)},
        }
    never = [name for name in names if name not in said]
    share = 1 - len(never) / len(names)
    print(f"codes said at least once: {share:.1%}; never: {', '.join(never) or '-'}")
    if share < 0.95:
        failed.append("codes said")
    print(f"codes that never hold: {', '.join(np.array(names)[~holds.any(0)]) or '-'}")
    print_disagreements("codes that hold though they don't", truth.claimed(names, holds), options.worst)
    print_disagreements("codes denied though they clearly hold", truth.denied(names, holds), options.worst)
    sample = poses[torch.linspace(0, len(poses) - 1, min(options.laws, len(poses))).long()]
    for law, run in (("mirror", law_mirror), ("heading", law_heading)):
        different, unexplained = run(describer, sample)
        print(f"law of the {law}: {different} of {len(sample) * len(STYLES):,} captions differ, "
              f"{unexplained} of them with nothing at its threshold")  # fmt: skip
        failed += [f"law of the {law}"] if unexplained else []
    digests = law_process(min(options.laws, 500))
    print(f"law of the process: {len(digests)} different text(s) from 3 processes (hash seeds, 1 and 2 threads)")
    failed += ["law of the process"] if len(digests) != 1 else []
    print(f"{time.perf_counter() - started:.0f} s; {'missed: ' + '; '.join(failed) if failed else 'all as asked'}")
    if options.json:
        options.json.write_text(json.dumps({"poses": len(poses), "styles": figures, "never": never}, indent=2) + "\n")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
