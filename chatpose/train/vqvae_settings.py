"""Settings of the learned baseline's training, how long it is, and how its learning rate goes."""

import math
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from chatpose.pose_tokenizer.vqvae import PoseVQVAEConfig
from chatpose.pretrained import PretrainedConfig
from chatpose.train.tokenizer_data import MixtureCounts


@dataclass(frozen=True)
class VQVAETraining(PretrainedConfig):
    """What a training run is asked for.

    Attributes:
        model: shape of the autoencoder.
        mixture: poses by kind, as for chatpose's own tokenizer.
        batch: poses a step.
        learning_rate: the highest.
        warmup: share of the run in which the rate rises.
        weight_decay: of AdamW.
        clip: longest gradient.
        commitment: weight of the distance between latents and their codes.
        position_weight: of the mean distance of joints, a metre.
        rotation_weight: of the mean angle-like distance of rotations, a radian.
        code_decay: of the averages that codes follow.
        dead_below: latents a step on average; a code with fewer is put elsewhere.
        reset_every: steps between searches for such codes.
        precision: of convolutions while training.
        seed: of everything random.
    """

    KIND: ClassVar[str] = "vqvae_training"
    model: PoseVQVAEConfig = field(default_factory=PoseVQVAEConfig)
    mixture: MixtureCounts = field(default_factory=MixtureCounts)
    batch: int = 128
    learning_rate: float = 2e-3
    warmup: float = 0.03
    weight_decay: float = 1e-4
    clip: float = 1.0
    commitment: float = 0.25
    position_weight: float = 10.0
    rotation_weight: float = 1.0
    code_decay: float = 0.99
    dead_below: float = 0.05
    reset_every: int = 20
    precision: Literal["float32", "bfloat16"] = "bfloat16"
    seed: int = 0


@dataclass(frozen=True)
class Budget:
    """How long a run is: minutes of wall time over all its parts, or steps."""

    minutes: float | None = None
    steps: int | None = None

    def __post_init__(self) -> None:
        if (self.minutes is None) == (self.steps is None):
            raise ValueError("a run is so many minutes or so many steps long, one of both")

    def share(self, step: int, seconds: float) -> float:
        """How much of the run is over, 0 to 1."""
        done = step / max(self.steps, 1) if self.steps is not None else seconds / max(60 * (self.minutes or 0), 1e-9)
        return min(done, 1.0)


def rate_share(share: float, warmup: float) -> float:
    """The learning rate as a share of the highest: a straight rise, then half a cosine down to 0."""
    if share < warmup:
        return max(share / warmup, 0.01)
    return 0.5 + 0.5 * math.cos(math.pi * (share - warmup) / max(1 - warmup, 1e-9))
