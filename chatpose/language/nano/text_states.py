"""MiniLM's token states of runs of words: what chatpose-nano understands words by. Frozen, and never saved with it."""

from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from chatpose.retrieval.text_models import MINILM_WIDTH, MiniLM, check_minilm, minilm_folder

CLS, SEP = 101, 102
_REMEMBERED = 2048


class TextStates:
    """States by run of words, remembered; the model is loaded when first asked.

    Args:
        folder: of MiniLM's files; the package's by default.
    """

    width = MINILM_WIDTH

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._model: Any = None
        self._known: OrderedDict[tuple[int, ...], Tensor] = OrderedDict()
        self._device = torch.device("cpu")

    def __deepcopy__(self, memo: dict[int, Any]) -> "TextStates":
        return self  # frozen: copies of a model share it

    def to(self, device: torch.device) -> None:
        """Moves the model when it is used next."""
        if device != self._device:
            self._device = device
            self._known.clear()
            if self._model is not None:
                self._model.to(device)

    def __call__(self, runs: Sequence[tuple[int, ...]]) -> list[Tensor]:
        """(1 + words, W) float32 states of each run: that of [CLS], then of the words."""
        missing = [run for run in dict.fromkeys(runs) if run not in self._known]
        found = dict(zip(missing, self.fresh(missing), strict=True)) if missing else {}
        states = [found[run] if run in found else self._known[run] for run in runs]
        self._known |= found
        while len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)
        return states

    @torch.no_grad()
    def fresh(self, runs: Sequence[tuple[int, ...]]) -> list[Tensor]:
        """The same, nothing remembered."""
        model = self.loaded()
        longest = max(len(run) for run in runs) + 2
        ids = torch.zeros(len(runs), longest, dtype=torch.long)
        mask = torch.zeros(len(runs), longest, dtype=torch.long)
        for row, run in enumerate(runs):
            ids[row, : len(run) + 2] = torch.tensor([CLS, *run, SEP])
            mask[row, : len(run) + 2] = 1
        told = model(input_ids=ids.to(self._device), attention_mask=mask.to(self._device)).last_hidden_state
        return [told[row, : len(run) + 1].float() for row, run in enumerate(runs)]

    def loaded(self) -> Any:
        """The model."""
        if self._model is None:
            self._model = MiniLM(self._folder or minilm_folder()).model.to(self._device)
        return self._model


def word_vectors(folder: Path | None = None) -> Tensor:
    """(word pieces, W) MiniLM's embeddings of words."""
    from safetensors import safe_open

    folder = folder or minilm_folder()
    check_minilm(folder)
    with safe_open(folder / "model.safetensors", framework="pt") as file:
        return file.get_tensor("embeddings.word_embeddings.weight").float()
