"""Settings of the embedder's training."""

from dataclasses import dataclass, field
from typing import ClassVar, Literal

from chatpose.pretrained import PretrainedConfig
from chatpose.retrieval.embedder import EmbedderConfig
from chatpose.train.retrieval_data import RetrievalMixture
from chatpose.train.retrieval_texts import KINDS


def _shares() -> dict[str, float]:
    return {
        "atlas": 0.14, "sentences": 0.30, "names": 0.10, "parts": 0.06, "phrases": 0.11, "spoken": 0.11,
        "captions": 0.16, "clips": 0.02,
    }  # fmt: skip


@dataclass(frozen=True)
class RetrievalTraining(PretrainedConfig):
    """What a training run is asked for.

    Attributes:
        model: shape of the towers.
        mixture: poses and texts by kind.
        shares: of the kinds of texts in a batch.
        pose_steps: first steps, in which the pose tower alone learns to tell the posecodes.
        pose_batch: poses in each of these.
        batch: texts a step, each with a pose of its own.
        hard: texts of a batch that also get the pose that misses them least.
        searched: poses among which that one is looked for.
        gallery: entries that stand in every batch as wrong answers, a variation of each.
        learning_rate: the highest.
        pose_rate: the pose tower's share of it, once there are texts.
        warmup: share of the run in which the rate rises.
        weight_decay: of AdamW.
        clip: longest gradient.
        token_dropout: share of tokens that a sentence is read without.
        side: weight of telling a pose from its mirror image.
        aux: weight of telling from a vector which posecodes hold.
        largest_scale: of the products of vectors.
        ema: share of the averaged weights that stays in a step.
        precision: of matrix products while training.
        seed: of everything random.
    """

    KIND: ClassVar[str] = "retrieval_training"
    model: EmbedderConfig = field(default_factory=EmbedderConfig)
    mixture: RetrievalMixture = field(default_factory=RetrievalMixture)
    shares: dict[str, float] = field(default_factory=_shares)
    pose_steps: int = 1500
    pose_batch: int = 512
    batch: int = 256
    hard: int = 96
    searched: int = 768
    gallery: int = 600
    learning_rate: float = 1.5e-3
    pose_rate: float = 0.3
    warmup: float = 0.03
    weight_decay: float = 0.05
    clip: float = 1.0
    token_dropout: float = 0.1
    side: float = 0.0
    aux: float = 0.5
    largest_scale: float = 50.0
    ema: float = 0.998
    precision: Literal["float32", "bfloat16"] = "bfloat16"
    seed: int = 0

    def __post_init__(self) -> None:
        unknown = sorted(set(self.shares) - set(KINDS))
        if unknown:
            raise ValueError(f"shares of {', '.join(unknown)}; there are {', '.join(KINDS)}")
