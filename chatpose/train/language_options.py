"""What the command line asks of a training run of PoseLM, however it is started. Imports nothing heavy."""

import argparse
import math
from pathlib import Path

DEFAULT_STEPS = 1000


def add_options(parser: argparse._ActionsContainer) -> None:
    """Adds what only this component has."""
    parser.add_argument("--base", metavar="MODEL", help="hub name or folder of the model to adapt")
    parser.add_argument("--name", metavar="NAME", help="of the run; its folder is runs/NAME (or --out FOLDER)")
    parser.add_argument("--file", type=Path, action="append", default=[], metavar="FILE",
                        help="conversations to learn (JSON lines); may be repeated")  # fmt: skip
    parser.add_argument("--held-out", type=Path, action="append", default=[], metavar="FILE",
                        help="conversations to measure on")  # fmt: skip
    parser.add_argument("--skip-bad", action="store_true", help="leave out lines and conversations that can't be used")
    parser.add_argument("--estimate", action="store_true", help="say what memory and time the run needs, and stop")
    parser.add_argument("--statistics", type=_count, nargs="?", const=2000, metavar="N",
                        help="say what N conversations of the run are made of (default: 2000), and stop")  # fmt: skip
    parser.add_argument("--tflops", type=_positive, metavar="T", help="TFLOP/s that a GPU reaches, for --estimate")
    parser.add_argument("--gpus", type=_count, default=1, metavar="N", help="GPUs, for --estimate (default: 1)")
    parser.add_argument("--sharded", action="store_true", help="weights are spread over the GPUs, for --estimate")


def add_common(parser: argparse._ActionsContainer) -> None:
    """Adds what `chatpose train` has for all components."""
    parser.add_argument("--bank", type=Path, metavar="FOLDER", help="poses that conversations are generated of")
    parser.add_argument("--config", type=Path, metavar="FILE", help="settings (YAML); what isn't there is by default")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="of the run (default: runs/NAME)")
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--minutes", type=_positive, metavar="M", help="length of the run")
    length.add_argument("--steps", type=_count, metavar="N", help=f"the same in steps (default: {DEFAULT_STEPS})")
    parser.add_argument("--threads", type=_count, metavar="N", help="processor threads")


def _count(text: str) -> int:
    """Argparse type: a whole number above 0."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a number above 0")
    return value


def _positive(text: str) -> float:
    """Argparse type: a number above 0."""
    value = float(text)
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"{text} is not a number above 0")
    return value
