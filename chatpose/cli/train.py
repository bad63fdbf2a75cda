"""`chatpose train COMPONENT`: rebuilds a trained part from data and settings."""

import argparse
import logging
import math
from pathlib import Path
from typing import Any

from chatpose.cli import options as shared
from chatpose.cli.train_language import train_language
from chatpose.cli.train_nano import train_nano
from chatpose.cli.train_perception import train_perception
from chatpose.cli.train_retrieval import train_retrieval
from chatpose.cli.train_vqvae import train_vqvae
from chatpose.errors import ChatposeError, MissingFileError
from chatpose.train.language_options import add_options

COMPONENTS = ("tokenizer", "vqvae", "perception", "retrieval", "language", "nano")


def add_parser(commands: Any) -> None:
    """Adds the command."""
    parser = commands.add_parser(
        "train",
        help="rebuild a trained part of chatpose",
        description="Trains a part from data, seeded; the same command gives the same files.",
    )
    parser.add_argument("component", choices=COMPONENTS, metavar="COMPONENT", help=f"of {', '.join(COMPONENTS)}")
    parser.add_argument("--data", type=Path, metavar="FOLDER", help="motion capture to train on (not for language)")
    parser.add_argument("--config", type=Path, metavar="FILE", help="settings (YAML); what isn't there is by default")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="where to write (default: tokenizers/, runs/NAME)")
    parser.add_argument("--work", type=Path, metavar="FOLDER", help="keep finished steps here; a broken run goes on")
    parser.add_argument("--atlas", type=Path, metavar="FOLDER", help="a compiled atlas (default: the shipped one)")
    parser.add_argument(
        "--bank", type=Path, metavar="FOLDER", help="what BlazePose saw of renders (perception), or poses (language)"
    )
    parser.add_argument("--samples", type=Path, metavar="FOLDER", help="what python -m chatpose.train.sample_data made")
    parser.add_argument("--start", type=Path, metavar="FOLDER", help="begin with this lifter, for perception")
    parser.add_argument("--device", default="cpu", help="cpu or cuda (default: cpu)")
    length = parser.add_mutually_exclusive_group()
    length.add_argument(
        "--minutes",
        type=_minutes,
        metavar="M",
        help="length of vqvae (65), perception (30), retrieval (30), nano (90), language",
    )
    length.add_argument("--steps", type=shared.positive, metavar="N", help="the same in steps")
    parser.add_argument("--threads", type=int, metavar="N", help="processor threads")
    add_options(parser.add_argument_group("language"))
    parser.set_defaults(run=run, hub=takes_hub_name)


def takes_hub_name(options: argparse.Namespace) -> bool:
    """Whether a model may be named that is to be fetched: that is the one command here that asks the network."""
    return options.component == "language"


def _minutes(text: str) -> float:
    """Argparse type: a length of time."""
    value = float(text)
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"{text} is not a number of minutes")
    return value


def run(options: argparse.Namespace) -> int:
    """Trains."""
    import torch

    if options.component == "language":
        logging.basicConfig(level=logging.INFO, format="%(message)s")
        if options.threads:
            torch.set_num_threads(options.threads)
        train_language(options)
        return 0
    if options.component == "nano":
        logging.basicConfig(level=logging.INFO, format="%(message)s")
        if options.threads:
            torch.set_num_threads(options.threads)
        train_nano(options)
        return 0
    if options.data is None:
        raise ChatposeError("no --data", expected="--data FOLDER, with motion capture")
    if options.component == "tokenizer" and (options.minutes or options.steps):
        raise ChatposeError("--minutes or --steps", expected="for the other components", fix="leave it out")
    if not options.data.is_dir():
        raise MissingFileError(f"no folder {options.data}", expected="the folder with cmu_poses_30k.npz")
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    if options.threads:
        torch.set_num_threads(options.threads)
    if options.component == "vqvae":
        train_vqvae(options)
    elif options.component == "perception":
        train_perception(options)
    elif options.component == "retrieval":
        train_retrieval(options)
    else:
        _tokenizer(options)
    return 0


def _tokenizer(options: argparse.Namespace) -> None:
    from chatpose.atlas.compiled import Atlas
    from chatpose.resources import asset
    from chatpose.train.text_tokenizer import build_text_tokenizer, text_card
    from chatpose.train.tokenizer import TokenizerTraining, train
    from chatpose.train.tokenizer_card import tokenizer_card

    settings = TokenizerTraining.read(options.config) if options.config else TokenizerTraining()
    out = options.out or asset("tokenizers")
    if not out.is_dir():
        raise MissingFileError(f"no folder {out}", fix="make it first")
    tokenizer, facts = train(settings, options.data, work=options.work, atlas=options.atlas, device=options.device)
    tokenizer.save_pretrained(out / "pose-parts", tokenizer_card(tokenizer, settings, facts, options.data))
    print(f"{out / 'pose-parts'}: {tokenizer.codebook_fingerprint[:12]}, {facts['seconds']} s")
    text = build_text_tokenizer(tokenizer, Atlas.load(options.atlas).training())
    text.save(out / "text", text_card(text))
    print(f"{out / 'text'}: {len(text)} tokens, pose tokens from {text.vocabulary.first_id}")
