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
    from chatpose.train.perception import LifterTraining, train
    from chatpose.train.settings import read_settings
    from chatpose.train.vqvae_settings import Budget

    if options.out is None or not options.out.parent.is_dir():
        raise MissingFileError("no folder to write to", expected="--out FOLDER, in a folder that exists")
    minutes = DEFAULT_MINUTES if options.minutes is None and options.steps is None else options.minutes
    budget = Budget(minutes, options.steps)
    settings = read_settings(LifterTraining(), options.config, ("shares",)) if options.config else LifterTraining()
    run = LifterRun(settings, options.data, options.bank, options.atlas, options.device, options.start)
    log.info("%s", run)
    if options.work is not None and run.trainer.resume(options.work):
        log.info("goes on after %d steps, %.0f s", run.trainer.step, run.trainer.seconds)
    facts = train(run.trainer, budget, validate=run.said, work=options.work)
    facts |= {"poses": run.counts, "pairs": run.pairs, "device": str(options.device), "start": run.began_with}
    model = run.trainer.averaged()
    figures = run.figures(model)
    for name, one in figures.items():
        log.info("%s: %s", name, one)
    model.save_pretrained(options.out, lifter_card(model, settings, budget, facts, figures))
    print(f"{options.out}: {model.fingerprint[:12]}, {facts['steps']} steps in {facts['seconds']} s")
