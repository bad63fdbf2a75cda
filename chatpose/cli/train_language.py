"""`chatpose train language`: an adapter that teaches a language model poses."""

import argparse

from chatpose.errors import ChatposeError

OTHERS = ("data", "work", "atlas", "start")
"""Options of the other components."""


def train_language(options: argparse.Namespace) -> None:
    """Trains, or goes on in --out, and writes the run's folder."""
    from chatpose.train.language import train_language as train

    given = [name for name in OTHERS if getattr(options, name) is not None]
    if given:
        raise ChatposeError(
            f"--{given[0]}", expected="--bank, --file and --held-out for conversations", fix="see docs/training.md"
        )
    if options.device != "cpu":
        raise ChatposeError("--device", fix="leave it out: a GPU is used where there is one")
    told = train(options)
    if told:
        print(told)
