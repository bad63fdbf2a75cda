"""Options that several commands share, and the objects that they stand for."""

import argparse
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chatpose.body.model import BodyModel
    from chatpose.formats.clip import PoseClip
    from chatpose.formats.registry import ReadOptions

GENDERS = ("neutral", "female", "male")


def add_reading(parser: argparse.ArgumentParser) -> None:
    """`--frame`, `--every`, `--up`."""
    parser.add_argument("--frame", type=int, metavar="N", help="only frame N (0 is the first, -1 the last)")
    parser.add_argument("--every", type=positive, default=1, metavar="N", help="every N-th frame")
    parser.add_argument("--up", choices=("y", "z"), help="the file's up axis, where chatpose would assume the other")


def add_body(parser: argparse.ArgumentParser) -> None:
    """`--body`, `--gender`."""
    parser.add_argument("--body", metavar="PATH", help="a licensed SMPL file or folder (default: the open body)")
    parser.add_argument("--gender", choices=GENDERS, default="neutral", help="which file of a --body folder")


def positive(text: str) -> int:
    """Argparse type: a whole number from 1."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not 1 or more")
    return value


def read_options(options: argparse.Namespace) -> "ReadOptions":
    """What the shared options say about reading."""
    from chatpose.formats.registry import ReadOptions

    return ReadOptions(up=options.up)


def read_clip(options: argparse.Namespace, path: str) -> "PoseClip":
    """Loads `path` and picks the frames that the options ask for."""
    from chatpose.formats import load

    return load(path, read_options(options)).select(frame=options.frame, every=options.every)


def body_model(options: argparse.Namespace) -> "BodyModel":
    """The body that `--body` names, or the open one."""
    from chatpose.body.model import BodyModel

    return BodyModel.smpl(options.body, options.gender) if options.body else BodyModel.open()


def say(kind: str, sentences: Iterable[str]) -> None:
    """Prints notes or warnings to standard error, one line each."""
    for sentence in sentences:
        print(f"{kind}: {sentence}", file=sys.stderr)
