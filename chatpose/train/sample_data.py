"""Makes the samples that the embedded model is trained on.

    python -m chatpose.train.sample_data --data FOLDER --out FOLDER [--size 150000] [--seed 0]
    python -m chatpose.train.sample_data --report FOLDER

Minutes on one core; the same bytes for the same seed on the same machine.
"""

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from chatpose.corpus.samples.samples import Samples
from chatpose.errors import ChatposeError, UnwritableFileError
from chatpose.train.sample_data_build import build_samples
from chatpose.train.sample_data_report import report

DEFAULT_SIZE = 150_000


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m chatpose.train.sample_data", description="Samples to train on.")
    parser.add_argument("--out", type=Path, help="folder that is made")
    parser.add_argument("--data", type=Path, help="folder with packed motion capture; without it, poses of the atlas")
    parser.add_argument("--size", type=int, default=DEFAULT_SIZE, help="rows, about")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--report", type=Path, metavar="FOLDER", help="say what samples are made of")
    options = parser.parse_args(arguments)
    if not options.out and not options.report:
        parser.error("--out FOLDER to make samples, or --report FOLDER")
    try:
        if options.report:
            sys.stdout.write(report(Samples.load(options.report)))
            return 0
        if options.out.exists():
            raise UnwritableFileError(f"{options.out} is there already", fix="remove it, or name another folder")
        started = time.perf_counter(), time.process_time()
        samples = build_samples(options.data, size=options.size, seed=options.seed, tell=_teller(started[0]))
        samples.save(options.out)
        wall, cpu = time.perf_counter() - started[0], time.process_time() - started[1]
        sys.stdout.write(f"{options.out}: {len(samples):,} rows in {wall:.0f} s ({cpu:.0f} s of CPU), "
                         f"{len(samples) / max(cpu, 1e-3):,.0f} rows a CPU second\n")  # fmt: skip
        sys.stdout.write(report(Samples.load(options.out)))
    except ChatposeError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    return 0


def _teller(started: float) -> Callable[[str], None]:
    def tell(text: str) -> None:
        sys.stderr.write(f"{time.perf_counter() - started:6.0f} s  {text}\n")

    return tell


if __name__ == "__main__":
    sys.exit(main())
