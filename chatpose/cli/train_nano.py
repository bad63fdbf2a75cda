"""`chatpose train nano`: the small language model that ships, base and adapter, for as long as asked."""

import argparse

from chatpose.errors import MissingFileError

DEFAULT_MINUTES = 90.0


def train_nano(options: argparse.Namespace) -> None:
    """Trains, or goes on in --work, and writes `base` and `adapter`."""
    import torch

    from chatpose.corpus.samples.samples import Samples
    from chatpose.pose_tokenizer.tokenizer import PoseTokenizer
    from chatpose.train.nano import NanoRun
    from chatpose.train.nano_settings import NanoTraining
    from chatpose.train.nano_shipping import ship
    from chatpose.train.settings import read_settings
    from chatpose.train.vqvae_settings import Budget

    if options.samples is None:
        raise MissingFileError(
            "no --samples", expected="--samples FOLDER", fix="make them: python -m chatpose.train.sample_data"
        )
    if options.out is None or not options.out.parent.is_dir():
        raise MissingFileError("no folder to write to", expected="--out FOLDER, in a folder that exists")
    minutes = DEFAULT_MINUTES if options.minutes is None and options.steps is None else options.minutes
    settings = read_settings(NanoTraining(), options.config, ()) if options.config else NanoTraining()
    run = NanoRun(
        settings,
        Samples.load(options.samples),
        PoseTokenizer.load(),
        options.work or options.out.parent / f"{options.out.name}-work",
        torch.device(options.device),
        Budget(minutes, options.steps),
    )
    base = run.work / "base"
    if not base.is_dir():
        run.train_base(base)
    lm, figures = run.train_adapter(base)
    size = ship(run, lm, options.out, figures)
    print(f"{options.out}: base and adapter, {size / 2**20:.1f} MiB")
