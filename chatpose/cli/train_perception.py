"""`chatpose train perception`: the lifter of photos, for as long as asked."""

import argparse
import logging

from chatpose.errors import MissingFileError

DEFAULT_MINUTES = 30.0

log = logging.getLogger(__name__)


def train_perception(options: argparse.Namespace) -> None:
    """Trains, or goes on in --work, and writes the folder."""
    from chatpose.train.lifter_card import lifter_card
    from chatpose.train.lifter_run import LifterRun
    from chatpose.train.perception import LifterTraining
    from chatpose.train.settings import read_settings
    from chatpose.train.trainer import run
    from chatpose.train.vqvae_settings import Budget

    if options.out is None or not options.out.parent.is_dir():
        raise MissingFileError("no folder to write to", expected="--out FOLDER, in a folder that exists")
    minutes = DEFAULT_MINUTES if options.minutes is None and options.steps is None else options.minutes
    budget = Budget(minutes, options.steps)
    settings = read_settings(LifterTraining(), options.config, ("shares",)) if options.config else LifterTraining()
    lifting = LifterRun(settings, options.data, options.bank, options.atlas, options.device, options.start)
    log.info("%s", lifting)
    if options.work is not None and lifting.trainer.resume(options.work):
        log.info("goes on after %d steps, %.0f s", lifting.trainer.step, lifting.trainer.seconds)
    facts = run(lifting.trainer, budget, measure=lambda: lifting.said(lifting.trainer.averaged()), work=options.work)
    facts |= {
        "poses": lifting.counts,
        "pairs": lifting.pairs,
        "device": str(options.device),
        "start": lifting.began_with,
    }
    model = lifting.trainer.averaged()
    figures = lifting.figures(model)
    for name, one in figures.items():
        log.info("%s: %s", name, one)
    model.save_pretrained(options.out, lifter_card(model, settings, budget, facts, figures))
    print(f"{options.out}: {model.fingerprint[:12]}, {facts['steps']} steps in {facts['seconds']} s")
