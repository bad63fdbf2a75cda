"""A codebook that follows the averages of what chooses its codes instead of a gradient."""

import torch
from torch import Tensor

from chatpose.train.vqvae_settings import VQVAETraining


class CodebookAverages:
    """Moves a codebook to the moving averages of the latents that chose each code.

    Args:
        settings: how fast, and which codes are dead.
        codebook: (codes, dim), changed in place.
    """

    def __init__(self, settings: VQVAETraining, codebook: Tensor) -> None:
        self.settings = settings
        self.codebook = codebook
        self.counts = torch.ones(len(codebook), device=codebook.device)
        self.sums = codebook.clone()

    def start(self, latents: Tensor, generator: torch.Generator) -> None:
        """Puts every code on some latent."""
        self._put(torch.arange(len(self.codebook)), latents, generator)

    @torch.no_grad()
    def follow(self, latents: Tensor, ids: Tensor) -> None:
        """One step of the averages."""
        decay = self.settings.code_decay
        counts = torch.zeros_like(self.counts).index_add_(0, ids, torch.ones_like(ids, dtype=self.counts.dtype))
        sums = torch.zeros_like(self.sums).index_add_(0, ids, latents)
        self.counts.mul_(decay).add_(counts, alpha=1 - decay)
        self.sums.mul_(decay).add_(sums, alpha=1 - decay)
        self.codebook.copy_(self.sums / self.counts.clamp_min(1e-6)[:, None])

    def reset_dead(self, latents: Tensor, generator: torch.Generator) -> int:
        """Puts codes that are hardly chosen on latents of the step; says how many."""
        dead = (self.counts < self.settings.dead_below).nonzero()[:, 0]
        self._put(dead, latents, generator)
        return len(dead)

    def _put(self, codes: Tensor, latents: Tensor, generator: torch.Generator) -> None:
        rows = torch.randint(len(latents), (len(codes),), generator=generator).to(latents.device)
        self.codebook[codes] = latents[rows]
        self.sums[codes] = latents[rows]
        self.counts[codes] = 1.0
