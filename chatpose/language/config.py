"""Settings of a PoseLM: what is added to which base, and by what the two are recognised again."""

from dataclasses import dataclass, field
from typing import ClassVar, Literal

from chatpose.errors import ChatposeError
from chatpose.pretrained import PretrainedConfig

ALL_LINEAR = "all-linear"
STAGE_WEIGHTS = (1.0, 0.4, 0.15, 0.1)


class PoseLMError(ChatposeError, ValueError):
    """A base that can't become a PoseLM, or an adapter that doesn't belong to it."""


@dataclass(frozen=True)
class PoseLMConfig(PretrainedConfig):
    """Settings of a PoseLM.

    Attributes:
        base: hub name or folder of the model that is adapted.
        level: of the pose tokens.
        mode: "tokens"; or "regression", ChatPose's way: one token `<pose>` whose hidden state a head turns into
            rotations.
        lora_rank: of the added matrices.
        lora_alpha: their scale is alpha / rank.
        lora_dropout: of what goes into them.
        lora_targets: names of linear layers; ("all-linear",) is every one of the language model, none of the eyes.
        stage_weights: of a pose token's loss by its stage, the first stage first; later ones have the last weight.
        pose_fingerprint: of the pose tokenizer's codebooks.
        template_hash: SHA-256 of the base's chat template.
        base_hash: SHA-256 of the base's structure.
        base_sample: a few of the base's weights by where they are from, to tell bases of one structure apart.
        first_pose_id: of the pose tokens in the base's vocabulary.

    What recognises the base is filled in when one is loaded.
    """

    KIND: ClassVar[str] = "pose_lm"
    base: str = ""
    level: str = "coarse"
    mode: Literal["tokens", "regression"] = "tokens"
    lora_rank: int = 16
    lora_alpha: int = 32
    lora_dropout: float = 0.05
    lora_targets: tuple[str, ...] = (ALL_LINEAR,)
    stage_weights: tuple[float, ...] = STAGE_WEIGHTS
    pose_fingerprint: str = ""
    template_hash: str = ""
    base_hash: str = ""
    base_sample: dict[str, tuple[float, ...]] = field(default_factory=dict)
    first_pose_id: int = -1

    def __post_init__(self) -> None:
        if self.lora_rank < 1 or self.lora_alpha < 1:
            raise ValueError("lora_rank and lora_alpha must be at least 1")
        if not 0 <= self.lora_dropout < 1:
            raise ValueError("lora_dropout must be a share, 0 to 1")
        if not self.lora_targets or (ALL_LINEAR in self.lora_targets and len(self.lora_targets) > 1):
            raise ValueError(f"lora_targets are names of layers, or {ALL_LINEAR!r} alone")
        if not self.stage_weights or min(self.stage_weights) < 0:
            raise ValueError("stage_weights can't be negative")
