"""The pose tower: a small network a body part, the left and the right one the same, then a mixer over all parts."""

import torch
from torch import Tensor, nn

from chatpose.retrieval.halves import EVEN, ODD, joined
from chatpose.retrieval.pose_features import columns_of_part, features, mirror_table

_MIDDLE, _PAIRED = ("trunk", "head"), ("arm", "leg")


class PoseTower(nn.Module):
    """Features of poses to vectors.

    Args:
        middle_width: of what is kept of the trunk, and of the head.
        limb_width: of what is kept of an arm or a leg.
        width: of the mixer.
        blocks: of the mixer.
        dropout: while training.
    """

    mean: Tensor
    spread: Tensor
    twins: Tensor
    signs: Tensor

    def __init__(self, middle_width: int, limb_width: int, width: int, blocks: int, dropout: float) -> None:
        super().__init__()
        count = len(features())
        self.register_buffer("mean", torch.zeros(count))
        self.register_buffer("spread", torch.ones(count))
        twins, signs = mirror_table()
        self.register_buffer("twins", torch.tensor(twins), persistent=False)
        self.register_buffer("signs", torch.tensor(signs), persistent=False)
        self._columns = {part: _middle_columns(part) for part in _MIDDLE}
        self._columns |= {part: list(columns_of_part(f"left {part}")) for part in _PAIRED}
        widths = dict.fromkeys(_MIDDLE, middle_width) | dict.fromkeys(_PAIRED, limb_width)
        self.parts = nn.ModuleDict({part: _part(len(self._columns[part]), size) for part, size in widths.items()})
        self.enter = nn.Linear(2 * (middle_width + limb_width * 2), width)
        self.blocks = nn.ModuleList(Block(width, width, dropout) for _ in range(blocks))
        self.leave = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, EVEN + ODD))

    def standardise(self, rows: Tensor) -> None:
        """Takes the features' means and spreads from many poses, alike for a feature and its twin.

        Args:
            rows: (N, F).
        """
        both = torch.cat([rows, rows[:, self.twins] * self.signs])
        self.mean.copy_(both.mean(0))
        self.spread.copy_(both.std(0).clamp_min(0.02))

    def forward(self, rows: Tensor) -> Tensor:
        """(N, DIMENSION) unit vectors of (N, F) features."""
        rows = ((rows - self.mean) / self.spread).clamp(-6, 6)
        other = rows[:, self.twins] * self.signs
        middles = [torch.cat([self.parts[part](one[:, self._columns[part]]) for part in _MIDDLE], dim=-1)
                   for one in (rows, other)]  # fmt: skip
        # A right limb is the left one of the mirror image, so mirroring only exchanges what is known of the limbs.
        limbs = [torch.cat([self.parts[part](one[:, self._columns[part]]) for part in _PAIRED], dim=-1)
                 for one in (rows, other)]  # fmt: skip
        straight = torch.cat([middles[0], limbs[0], limbs[1]], dim=-1)
        exchanged = torch.cat([middles[1], limbs[1], limbs[0]], dim=-1)
        one, two = self._mixed(torch.cat([straight, exchanged])).chunk(2)
        return joined((one + two)[:, :EVEN], (one - two)[:, EVEN:], kind=0)

    def _mixed(self, parts: Tensor) -> Tensor:
        mixed = self.enter(parts)
        for block in self.blocks:
            mixed = block(mixed)
        return self.leave(mixed).float()


class Block(nn.Module):
    """A residual layer: x + W₂ GELU(W₁ LayerNorm(x))."""

    def __init__(self, width: int, inner: int, dropout: float) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.up, self.down = nn.Linear(width, inner), nn.Linear(inner, width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, value: Tensor) -> Tensor:
        """Any leading axes."""
        return value + self.down(self.dropout(nn.functional.gelu(self.up(self.norm(value)))))


def _part(inputs: int, width: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(inputs, width), nn.GELU(), Block(width, width, 0.0))


def _middle_columns(part: str) -> list[int]:
    """Columns of a part on the midline, closed under mirroring."""
    twins = mirror_table()[0]
    columns = columns_of_part(part)
    return sorted({*columns, *(twins[column] for column in columns)})
