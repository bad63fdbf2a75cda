"""`chatpose train vqvae`: the learned baseline, for as long as asked."""

import argparse
import logging

from chatpose.errors import MissingFileError

DEFAULT_MINUTES = 65.0

log = logging.getLogger(__name__)


def train_vqvae(options: argparse.Namespace) -> None:
    """Trains, or goes on in --work, and writes the folder."""
    from chatpose.train.settings import read_settings
    from chatpose.train.tokenizer_data import atlas_variations, packed_rotations, training_poses
    from chatpose.train.trainer import run
    from chatpose.train.vqvae import VQVAETrainer, measured, said
    from chatpose.train.vqvae_card import vqvae_card
    from chatpose.train.vqvae_settings import Budget, VQVAETraining

    if options.out is None or not options.out.parent.is_dir():
        raise MissingFileError("no folder to write to", expected="--out FOLDER, in a folder that exists")
    minutes = DEFAULT_MINUTES if options.minutes is None and options.steps is None else options.minutes
    budget = Budget(minutes, options.steps)
    settings = read_settings(VQVAETraining(), options.config) if options.config else VQVAETraining()
    mixture = settings.mixture
    varied = atlas_variations(options.atlas, mixture.atlas, settings.seed) if mixture.atlas else None
    poses = training_poses(options.data, mixture, settings.seed, varied)
    log.info("%d poses: %s", len(poses.rotations), poses.counts)
    trainer = VQVAETrainer(settings, poses.rotations, options.device)
    if options.work is not None and trainer.resume(options.work):
        log.info("goes on after %d steps, %.0f s", trainer.step, trainer.seconds)
    validation = packed_rotations(options.data, "validation")
    facts = run(trainer, budget, measure=lambda: said(measured(trainer.model, validation)), work=options.work)
    facts |= {"validation": measured(trainer.model, validation), "poses": poses.counts, "device": str(options.device)}
    log.info("validation at the end: %s", said(facts["validation"]))
    model = trainer.model.cpu().eval()
    model.save_pretrained(options.out, vqvae_card(settings, budget, facts))
    print(f"{options.out}: {model.fingerprint[:12]}, {facts['steps']} steps in {facts['seconds']} s")
