"""Settings of the training of chatpose-nano."""

from dataclasses import dataclass
from typing import ClassVar

from chatpose.pretrained import PretrainedConfig


@dataclass(frozen=True)
class NanoTraining(PretrainedConfig):
    """What a run is asked for.

    Attributes:
        hidden_size, layers, reader_layers, heads, inner: sizes of the base.
        row_scale: standard deviation of new rows.
        lora_rank: of the adapter.
        lora_scale: what its product is multiplied with.
        batch: rows of a step.
        pool: batches that are drawn together and sorted by length.
        base_rate, lora_rate, row_rate: highest learning rates of the base, of LoRA, and of the pose tokens' rows.
        warmup: share of each phase in which the rate rises.
        weight_decay: of AdamW.
        clip: longest gradient.
        dropout: of what was read.
        base_share: of the run that teaches the base to plan; the adapter has the rest.
        policy_share: of the adapter's part, its end, with the policy gradient.
        policy_weight: of the policy gradient against the likelihood of tokens.
        policy_draws: first codes drawn for each part.
        policy_rows: of a batch that the gradient is taken of.
        stage_weights: of the two tokens of a part.
        context_share: of rows that see entries of the atlas nearby.
        wordless_share: of batches of the adapter's part that see a plan and no words: statements that hold of the pose,
            drawn at random, rare ones oftener.
        pose_share: of the base's batches in which a pose is read.
        texts: that are read at most; the rest of the rows is left out.
        held_out: rows of each other split that are measured.
        seed: of everything random.
    """

    KIND: ClassVar[str] = "nano_training"
    hidden_size: int = 192
    layers: int = 3
    reader_layers: int = 1
    heads: int = 4
    inner: int = 768
    row_scale: float = 0.1
    lora_rank: int = 96
    lora_scale: float = 1.0
    batch: int = 128
    pool: int = 16
    base_rate: float = 1.5e-3
    lora_rate: float = 2e-3
    row_rate: float = 1.5e-2
    warmup: float = 0.03
    weight_decay: float = 0.02
    clip: float = 1.0
    dropout: float = 0.1
    base_share: float = 0.2
    policy_share: float = 0.25
    policy_weight: float = 3.0
    policy_draws: int = 4
    policy_rows: int = 128
    stage_weights: tuple[float, float] = (1.0, 0.4)
    context_share: float = 0.7
    wordless_share: float = 0.3
    pose_share: float = 0.1
    texts: int = 80_000
    held_out: int = 600
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("base_share", "policy_share", "context_share", "wordless_share", "pose_share", "dropout"):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(f"{name} is a share, 0 to 1")
        if min(self.batch, self.pool, self.policy_draws, self.texts) < 1 or self.policy_draws < 2:
            raise ValueError("batch, pool and texts are at least 1, policy_draws at least 2")
