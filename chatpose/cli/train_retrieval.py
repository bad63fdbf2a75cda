"""`chatpose train retrieval`: the joint embedding of poses and texts, for as long as asked."""

import argparse
import logging

from chatpose.errors import MissingFileError

DEFAULT_MINUTES = 30.0

log = logging.getLogger(__name__)


def train_retrieval(options: argparse.Namespace) -> None:
    """Trains, or goes on in --work, and writes the folder."""
    from chatpose.retrieval.embedder import Embedder
    from chatpose.train.retrieval_card import retrieval_card
    from chatpose.train.retrieval_run import RetrievalRun
    from chatpose.train.retrieval_settings import RetrievalTraining
    from chatpose.train.settings import read_settings
    from chatpose.train.trainer import run
    from chatpose.train.vqvae_settings import Budget

    if options.out is None or not options.out.parent.is_dir():
        raise MissingFileError("no folder to write to", expected="--out FOLDER, in a folder that exists")
    minutes = DEFAULT_MINUTES if options.minutes is None and options.steps is None else options.minutes
    budget = Budget(minutes, options.steps)
    settings = RetrievalTraining()
    if options.config:
        settings = read_settings(settings, options.config, ("shares",))
    embedding = RetrievalRun(settings, options.data, options.work, options.atlas, options.device)
    if options.work is not None and embedding.trainer.resume(options.work):
        log.info("goes on after %d steps, %.0f s", embedding.trainer.step, embedding.trainer.seconds)
    facts = run(
        embedding.trainer, budget, measure=lambda: embedding.said(embedding.trainer.averaged()), work=options.work
    )
    facts |= embedding.data.facts | {"device": str(options.device)}
    towers = embedding.trainer.averaged()
    figures = embedding.figures(towers)
    embedder = Embedder(towers)
    embedder.save_pretrained(options.out, retrieval_card(towers, settings, budget, facts, figures))
    print(f"{options.out}: {embedder.fingerprint[:12]}, {facts['steps']} steps in {facts['seconds']} s")
