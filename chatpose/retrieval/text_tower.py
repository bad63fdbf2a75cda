"""The text tower's trained part: token states of a frozen language model to vectors.

A mean over tokens, as plain sentence vectors are, forgets which side and which limb a word belongs to. So the states
are read by a small transformer layer and pooled by attention, and the mean is only one of the inputs.
"""

import torch
from torch import Tensor, nn

from chatpose.retrieval.halves import EVEN, ODD, joined
from chatpose.retrieval.pose_tower import Block


class TextTower(nn.Module):
    """Token states of sentences, and of the same with left and right exchanged, to vectors.

    Args:
        states_width: of the language model.
        width: of the layers.
        heads: of attention.
        layers: transformer layers.
        queries: ways of pooling.
        dropout: while training.
    """

    def __init__(self, states_width: int, width: int, heads: int, layers: int, queries: int, dropout: float) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(states_width)
        self.enter = nn.Linear(states_width, width)
        self.layers = nn.ModuleList(_Layer(width, heads, dropout) for _ in range(layers))
        self.score = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, queries))
        self.pooled = nn.Linear(queries * width, width)
        self.sentence = nn.Linear(states_width, width)
        self.block = Block(width, 2 * width, dropout)
        self.leave = nn.Sequential(nn.LayerNorm(width), nn.Dropout(dropout), nn.Linear(width, EVEN + ODD))

    def read(self, states: Tensor, mask: Tensor) -> Tensor:
        """(S, EVEN + ODD) of each sentence by itself."""
        kept = mask[..., None]
        mean = (states * kept).sum(1) / kept.sum(1)
        tokens = self.enter(self.norm(states))
        for layer in self.layers:
            tokens = layer(tokens, mask)
        scores = self.score(tokens).masked_fill(~kept, -1e4).softmax(1)
        pooled = torch.einsum("stq,std->sqd", scores.to(tokens.dtype), tokens).flatten(1)
        joint = self.pooled(pooled) + self.sentence(nn.functional.normalize(mean, dim=-1) * mean.shape[-1] ** 0.5)
        return self.leave(self.block(joint)).float()

    @staticmethod
    def vectors(read: Tensor, straight: Tensor, exchanged: Tensor) -> Tensor:
        """Unit vectors of sentences.

        Args:
            read: (S, EVEN + ODD) what `read` gave.
            straight: (N,) places of the sentences.
            exchanged: (N,) places of the same with left and right exchanged; the same where they name no side.

        Returns:
            (N, DIMENSION).
        """
        one, other = read[straight], read[exchanged]
        return joined((one + other)[:, :EVEN], (one - other)[:, EVEN:], kind=1)


class _Layer(nn.Module):
    """A transformer layer, normalised before attention and before the feed-forward part."""

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.norm = nn.LayerNorm(width)
        self.keys = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.block = Block(width, 2 * width, dropout)
        self.dropout = nn.Dropout(dropout)

    def forward(self, tokens: Tensor, mask: Tensor) -> Tensor:
        sentences, length, width = tokens.shape
        split = self.keys(self.norm(tokens)).view(sentences, length, 3, self.heads, width // self.heads)
        query, key, value = split.permute(2, 0, 3, 1, 4)
        mixed = nn.functional.scaled_dot_product_attention(query, key, value, attn_mask=mask[:, None, None])
        tokens = tokens + self.dropout(self.out(mixed.transpose(1, 2).reshape(sentences, length, width)))
        return self.block(tokens)
