"""A small deterministic stand-in for the language model: a state a word, drawn from the word, mixed with its place."""

import hashlib
from collections.abc import Sequence

import torch

from chatpose.retrieval.text_models import TokenStates


class FakeTextModel:
    """States of words, `width` wide."""

    def __init__(self, width: int = 16, name: str = "fake") -> None:
        self.name, self.width = name, width
        self.read: list[str] = []

    def to(self, device: torch.device, dtype: torch.dtype = torch.float32) -> None:
        """Nothing to move."""

    def __call__(self, texts: Sequence[str]) -> TokenStates:
        """A start token, then a state a word."""
        self.read += texts
        rows = [torch.stack([self._state(word, at) for at, word in enumerate(("", *text.split()))]) for text in texts]
        states = torch.nn.utils.rnn.pad_sequence(rows, batch_first=True)
        lengths = torch.tensor([len(row) for row in rows])
        return TokenStates(states, torch.arange(states.shape[1]) < lengths[:, None])

    def _state(self, word: str, at: int) -> torch.Tensor:
        seed = int.from_bytes(hashlib.sha256(word.lower().encode()).digest()[:6], "big")
        generator = torch.Generator().manual_seed(seed)
        return torch.randn(self.width, generator=generator) + 0.1 * at
