"""Warm times of `chatpose generate` (first pose, verified answer) and the peak memory of a process of its own.

    python benchmarks/bench_generate.py [--requests 16] [--file FILE] [--threads 1]

The requests are data/dev/prompts_dev.jsonl, all kinds in turn, or the lines of a file. Two of them warm up. Times on a
loaded machine are loose, so time of the processor stands beside the wall's.
"""

import argparse
import itertools
import json
import time
from pathlib import Path

import numpy as np
import torch

from chatpose.evaluation.language_methods import progress
from chatpose.evaluation.language_speed import Times, measure_times, own_peak_gb, peak_memory_gb
from chatpose.language.verified.generator import Generator
from chatpose.resources import asset

TARGETS = {"first": 1.0, "whole": 2.5}
PEAK_GB = 1.5


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=16, metavar="N", help="how many (default: 16)")
    parser.add_argument("--file", type=Path, help="one request a line")
    parser.add_argument("--threads", type=int, default=1, help="of torch (default: 1)")
    parser.add_argument("--no-memory", action="store_true", help="don't start another process for the peak memory")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    texts = _requests(options.file)[: options.requests]
    wall, cpu = time.perf_counter(), time.process_time()
    generator = Generator.open()
    print(f"opened in {time.perf_counter() - wall:.2f} s, {time.process_time() - cpu:.2f} s of processor time")
    _tell(measure_times(texts, generator, progress()))
    print(f"peak memory of this process: {own_peak_gb():.2f} GB")
    if not options.no_memory:
        print(f"peak memory of `chatpose generate`, 6 requests: {peak_memory_gb(texts[:6]):.2f} GB (at most {PEAK_GB})")


def _requests(file: Path | None) -> list[str]:
    """The lines of a file, or our own requests, a kind after the other."""
    if file is not None:
        return [line.strip() for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
    rows = [json.loads(line) for line in asset("data", "dev", "prompts_dev.jsonl").read_text("utf-8").splitlines()]
    kinds = [
        [row["text"] for row in rows if row["kind"] == kind] for kind in dict.fromkeys(row["kind"] for row in rows)
    ]
    return [text for turn in itertools.zip_longest(*kinds) for text in turn if text is not None]


def _tell(times: Times) -> None:
    for name, wall, cpu in (("first", times.first, times.first_cpu), ("whole", times.whole, times.whole_cpu)):
        good = np.isfinite(wall)
        if not good.any():
            print(f"{name}: nothing was told")
            continue
        told = {"first": "first pose", "whole": "verified answer"}[name]
        print(
            f"{told}: median {np.median(wall[good]):.2f} s, slowest tenth {np.quantile(wall[good], 0.9):.2f} s, "
            f"worst {wall[good].max():.2f} s (at most {TARGETS[name]}); of the processor median "
            f"{np.median(cpu[good]):.2f} s, worst {cpu[good].max():.2f} s; {good.sum()} requests"
        )
    if times.failed:
        print(f"{times.failed} not answered")


if __name__ == "__main__":
    main()
