"""Settings of a training run of PoseLM."""

from dataclasses import dataclass, field
from typing import ClassVar, Literal

from chatpose.language.config import PoseLMConfig
from chatpose.pretrained import PretrainedConfig

ROLES: tuple[str, ...] = ("other", "text", "plan", "pose", "tool_call")
"""What a token is, by the number that the renderer writes; only "other" isn't learned."""


@dataclass(frozen=True)
class LanguageData(PretrainedConfig):
    """What is trained on.

    Attributes:
        files: conversations to learn, one a line (docs/training.md).
        held_out: conversations that are only measured.
        bank: folder of the poses that generators make conversations of (`chatpose.train.instruction_data`); none are
            generated when absent.
        held_out_bank: such a folder of other poses, `--split validation`; by default other conversations about the
            same poses are measured, which says less.
        tasks: shares of the generators' tasks; by default as they are mixed.
        generated: share of generated conversations where there are files as well.
        hold_out: generated conversations that are only measured.
    """

    KIND: ClassVar[str] = "language_data"
    files: tuple[str, ...] = ()
    held_out: tuple[str, ...] = ()
    bank: str | None = None
    held_out_bank: str | None = None
    tasks: dict[str, float] = field(default_factory=dict)
    generated: float = 0.8
    hold_out: int = 256

    def __post_init__(self) -> None:
        if not 0 <= self.generated <= 1:
            raise ValueError("generated must be a share, 0 to 1")
        if self.hold_out < 0:
            raise ValueError("hold_out can't be negative")


@dataclass(frozen=True)
class LanguageTraining(PretrainedConfig):
    """What a training run is asked for.

    Attributes:
        model: which base, and what is added; what recognises the base is left empty.
        data: what is learned.
        quantize: load the base in 4 bits.
        trust_remote_code: let the base's own code run.
        length: tokens of a packed row; longer conversations are left out, and counted.
        packing: several conversations in a row that don't see each other; where a base can't, one after the other.
        accumulate: rows of every process in a step.
        chunk: conversations that are drawn and packed together.
        workers: processes that prepare rows beside each training process.
        learning_rate: the highest.
        row_rate: of the pose tokens' rows and of the regression head, as a share of it.
        warmup: share of the run in which the rate rises.
        weight_decay: of AdamW, on matrices of the adapter.
        clip: longest gradient.
        role_weights: of a token's loss by what it is.
        angle_weight: of the mean angle of regressed rotations, a radian.
        position_weight: of the mean distance of regressed joints, a metre.
        precision: of the base and of its layers' arithmetic; "auto" is bfloat16 on GPUs that have it.
        attention: of transformers: "sdpa", "eager", "flash_attention_2"; as the base chooses when absent.
        checkpointing: layers' results are computed again in the backward pass instead of being kept.
        evaluate_every: steps between measurements on what is held out; only at the end when 0.
        replies: held-out conversations whose answer is generated when measuring.
        keep_every_s: seconds between checkpoints.
        seed: of everything random.
    """

    KIND: ClassVar[str] = "language_training"
    model: PoseLMConfig = field(default_factory=PoseLMConfig)
    data: LanguageData = field(default_factory=LanguageData)
    quantize: Literal["4bit"] | None = None
    trust_remote_code: bool = False
    length: int = 4096
    packing: bool = True
    accumulate: int = 8
    chunk: int = 128
    workers: int = 0
    learning_rate: float = 2e-4
    row_rate: float = 1.0
    warmup: float = 0.03
    weight_decay: float = 0.01
    clip: float = 1.0
    role_weights: dict[str, float] = field(
        default_factory=lambda: {"text": 1.0, "plan": 1.0, "pose": 1.0, "tool_call": 1.0}
    )
    angle_weight: float = 1.0
    position_weight: float = 5.0
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    attention: str | None = None
    checkpointing: bool = True
    evaluate_every: int = 500
    replies: int = 16
    keep_every_s: float = 600.0
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("length", "accumulate", "chunk"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1")
        if self.length < 16:
            raise ValueError("length must be at least 16 tokens")
        for name in ("workers", "evaluate_every", "replies"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} can't be negative")
        if set(self.role_weights) != set(ROLES[1:]):
            raise ValueError(f"role_weights are of {', '.join(ROLES[1:])}")
        if min(self.role_weights.values()) < 0 or max(self.role_weights.values()) <= 0:
            raise ValueError("role_weights can't be negative, and one must be positive")
        if not 0 <= self.warmup < 1:
            raise ValueError("warmup must be a share, 0 to 1")
        if min(self.learning_rate, self.clip, self.row_rate) <= 0:
            raise ValueError("learning_rate, row_rate and clip must be positive")

    def role_weight(self, role: int) -> float:
        """Of a token by the number that says what it is."""
        return self.role_weights.get(ROLES[role], 0.0)
