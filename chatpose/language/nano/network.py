"""Layers of chatpose-nano: a reader of the prompt, and a decoder of the answer that looks at what was read."""

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu, scaled_dot_product_attention

Pair = tuple[Tensor, Tensor]


class Attention(nn.Module):
    """Attention with several heads.

    Args:
        width: of the states.
        heads: that divide it.
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query, self.key = nn.Linear(width, width, bias=False), nn.Linear(width, width, bias=False)
        self.value, self.out = nn.Linear(width, width), nn.Linear(width, width)

    def told(self, memory: Tensor) -> Pair:
        """Keys and values, (B, H, M, W / H) each, of (B, M, W) states."""
        return self._split(self.key(memory)), self._split(self.value(memory))

    def forward(self, states: Tensor, told: Pair, mask: Tensor | None) -> Tensor:
        """(B, L, W) what each state finds.

        Args:
            states: (B, L, W).
            told: keys and values.
            mask: bool, to be broadcast to (B, H, L, M); what may be looked at.
        """
        found = scaled_dot_product_attention(self._split(self.query(states)), *told, attn_mask=mask)
        return self.out(found.transpose(1, 2).flatten(2))

    def _split(self, states: Tensor) -> Tensor:
        return states.unflatten(-1, (self.heads, -1)).transpose(1, 2)


class FeedForward(nn.Module):
    """Two linear layers.

    Args:
        width: of the states.
        inner: of the layer between.
    """

    def __init__(self, width: int, inner: int) -> None:
        super().__init__()
        self.up, self.down = nn.Linear(width, inner), nn.Linear(inner, width)

    def forward(self, states: Tensor) -> Tensor:
        """(…, W)."""
        return self.down(gelu(self.up(states)))


class ReaderLayer(nn.Module):
    """What was said, looked at all at once.

    Args:
        width: of the states.
        heads: of the attention.
        inner: of the feed-forward layer.
    """

    def __init__(self, width: int, heads: int, inner: int) -> None:
        super().__init__()
        self.norm, self.attention = nn.LayerNorm(width), Attention(width, heads)
        self.last_norm, self.feed_forward = nn.LayerNorm(width), FeedForward(width, inner)

    def forward(self, states: Tensor, mask: Tensor) -> Tensor:
        """(B, T, W); the mask is (B, 1, 1, T)."""
        normed = self.norm(states)
        states = states + self.attention(normed, self.attention.told(normed), mask)
        return states + self.feed_forward(self.last_norm(states))


class DecoderLayer(nn.Module):
    """The answer so far, then what was read.

    Args:
        width: of the states.
        heads: of both attentions.
        inner: of the feed-forward layer.
    """

    def __init__(self, width: int, heads: int, inner: int) -> None:
        super().__init__()
        self.norm, self.attention = nn.LayerNorm(width), Attention(width, heads)
        self.memory_norm, self.cross = nn.LayerNorm(width), Attention(width, heads)
        self.last_norm, self.feed_forward = nn.LayerNorm(width), FeedForward(width, inner)

    def forward(
        self, states: Tensor, before: Pair | None, mask: Tensor | None, memory: Pair, memory_mask: Tensor
    ) -> tuple[Tensor, Pair]:
        """New states, and the keys and values of the answer up to them.

        Args:
            states: (B, L, W).
            before: keys and values of earlier tokens.
            mask: (B, 1, L, earlier + L).
            memory: keys and values of what was read.
            memory_mask: (B, 1, 1, M).
        """
        normed = self.norm(states)
        told = self.attention.told(normed)
        if before is not None:
            told = torch.cat([before[0], told[0]], 2), torch.cat([before[1], told[1]], 2)
        states = states + self.attention(normed, told, mask)
        states = states + self.cross(self.memory_norm(states), memory, memory_mask)
        return states + self.feed_forward(self.last_norm(states)), told
