"""Puts a training run of the embedder together: poses and texts, states of the sentences, what it is judged on."""

import logging
from pathlib import Path

import torch

from chatpose.atlas.compiled import Atlas
from chatpose.retrieval.embedder import PoseTextTowers
from chatpose.retrieval.text_models import open_text_model
from chatpose.train.retrieval import RetrievalTrainer
from chatpose.train.retrieval_data import retrieval_data
from chatpose.train.retrieval_figures import Validation, summary
from chatpose.train.retrieval_settings import RetrievalTraining
from chatpose.train.retrieval_states import StateCache

log = logging.getLogger(__name__)


class RetrievalRun:
    """A run of some settings on some data; sentences whose states the work folder lacks are read first.

    Args:
        settings: of the run.
        data: folder of the packed collections.
        work: where states and checkpoints are kept; nowhere when None.
        atlas: folder of a compiled atlas; the shipped one when absent.
        device: where to compute.

    Attributes:
        data: poses and texts.
        trainer: new.
        validation: none when nothing is held out.
    """

    def __init__(
        self,
        settings: RetrievalTraining,
        data: Path,
        work: Path | None = None,
        atlas: Path | None = None,
        device: torch.device | str = "cpu",
    ) -> None:
        self.data = retrieval_data(data, settings.mixture, settings.seed, Atlas.load(atlas))
        log.info("%s", self.data.facts)
        cache = StateCache(work / "states" if work is not None else None, settings.model.text_model)
        self.validation = Validation(self.data, cache, data) if settings.mixture.hold_out else None
        wanted = [*self.data.texts.sentences, *(self.validation.sentences() if self.validation else ())]
        if any(one not in cache for one in wanted):
            model = open_text_model(settings.model.text_model)
            model.to(torch.device(device), getattr(torch, settings.precision))
            cache.fill(wanted, model)
        self.trainer = RetrievalTrainer(settings, self.data, cache, device)

    def figures(self, towers: PoseTextTowers) -> dict[str, float]:
        """Measured on what was held out; empty when nothing was."""
        return self.validation.figures(towers) if self.validation is not None else {}

    def said(self, towers: PoseTextTowers) -> str:
        """`figures` in words."""
        return summary(self.figures(towers)) if self.validation is not None else "nothing is held out to measure on"
