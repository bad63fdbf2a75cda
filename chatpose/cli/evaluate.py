"""`chatpose evaluate [SUITE...]`: prints the figures of a part, on what is held out for it."""

import argparse
from pathlib import Path
from typing import Any

from chatpose.cli import evaluate_language, evaluate_perception, evaluate_retrieval
from chatpose.cli import options as shared
from chatpose.cli.evaluate_tokenizer import run_tokenizer
from chatpose.errors import MissingFileError

SUITES = ("naming", "tokenizer", "perception", "retrieval", "language")
QUICK = ("naming", "tokenizer")
"""Those that run when none is named; the others take far longer."""


def add_parser(commands: Any) -> None:
    """Adds the command."""
    parser = commands.add_parser(
        "evaluate",
        help="print the figures of a part of chatpose",
        description="Measures parts of chatpose on held-out data, by a fixed protocol.",
    )
    parser.add_argument(
        "suites",
        nargs="*",
        choices=SUITES,
        metavar="SUITE",
        help=f"of {', '.join(SUITES)} (default: {' and '.join(QUICK)})",
    )
    parser.add_argument("--data", type=Path, metavar="FOLDER", help="motion capture to test on (cmu_poses_30k.npz)")
    parser.add_argument(
        "--split",
        choices=("validation", "test"),
        default="test",
        help="what the suites tokenizer, perception and retrieval measure on (default: test)",
    )
    parser.add_argument(
        "--limit",
        type=shared.positive,
        metavar="N",
        help="at most N poses of each collection there, N scenes, or N captions; of the suite language every N-th line",
    )
    parser.add_argument(
        "--baseline",
        type=Path,
        metavar="FOLDER",
        help="of `chatpose train vqvae`: joins the table of the suite tokenizer",
    )
    parser.add_argument("--json", action="store_true", help="one object a suite on standard output")
    evaluate_perception.add_options(parser)
    evaluate_retrieval.add_options(parser)
    evaluate_language.add_options(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Runs the suites in turn."""
    for suite in options.suites or QUICK:
        if suite == "naming":
            _naming(options)
        if suite == "tokenizer":
            run_tokenizer(options)
        if suite == "perception":
            evaluate_perception.run_perception(options)
        if suite == "retrieval":
            evaluate_retrieval.run_retrieval(options)
        if suite == "language":
            evaluate_language.run_language(options)
    return 0


def _naming(options: argparse.Namespace) -> None:
    from chatpose.atlas.naming import Namer
    from chatpose.corpus.packed import PackedPoses
    from chatpose.evaluation.naming import describe_rows, motion_capture, variations

    if options.data is not None and not options.data.is_dir():
        raise MissingFileError(f"no folder {options.data}", expected="the folder with cmu_poses_30k.npz")
    namer = Namer()
    figures = {"variations": variations(namer)}
    if options.data is not None:
        packed = PackedPoses(options.data / "cmu_poses_30k.npz")
        figures |= {f"test: {name}": row for name, row in motion_capture(namer, packed).items()}
    if options.json:
        shared.print_json({"suite": "naming", **{name: row.as_json() for name, row in figures.items()}})
        return
    print(f"naming, {len(namer.atlas)} entries; sure is a score from 0.8")
    print("\n".join(describe_rows(figures)))
