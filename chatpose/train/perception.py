"""Trains the lifter: `chatpose train perception --data FOLDER --bank FOLDER --out FOLDER --minutes M`.

Poses of the training subjects, hand-made postures and the atlas' training entries are seen through random cameras; the
landmarks get errors that BlazePose made on renders (`chatpose.train.landmark_noise`), and a share of each batch is what
it saw of renders itself. Nothing is made in advance: batches are drawn on the fly. AdamW, a cosine, and the average of
the weights over the last steps is what is kept (Polyak and Juditsky, 1992). Checkpoints hold all of a run's state, so
that a broken run goes on exactly where it stopped.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal

import torch
from torch import Tensor

from chatpose.perception.lifter import Lifter, LifterConfig
from chatpose.pretrained import PretrainedConfig
from chatpose.train.lifter_loss import lifter_loss
from chatpose.train.lifter_samples import LifterBatch, LifterSamples
from chatpose.train.tokenizer_data import MixtureCounts
from chatpose.train.trainer import Trainer, run_key
from chatpose.train.vqvae_settings import rate_share

LEAST_SPREAD = 0.02


def _shares() -> dict[str, float]:
    return {"real": 0.40, "limbs exchanged": 0.08, "postures": 0.10, "joint limits": 0.06, "atlas": 0.36}


@dataclass(frozen=True)
class LifterTraining(PretrainedConfig):
    """What a training run is asked for.

    Attributes:
        model: shape of the network.
        mixture: poses by kind; noise is put on later.
        shares: of the kinds in each batch.
        noise_deg: most standard deviation of the noise on half the poses.
        pair_share: of a batch that BlazePose saw itself.
        guessed_share: people whose focal length is guessed.
        standard: people from whose features means and spreads are taken.
        batch: people a step.
        learning_rate: the highest.
        warmup: share of the run in which the rate rises.
        weight_decay: of AdamW.
        clip: longest gradient.
        rotation_weight: of the mean angle of rotations, a radian.
        metre_weight: of the mean distance of joints, a metre.
        ema: share of the averaged weights that stays in a step.
        precision: of matrix products while training.
        seed: of everything random.
    """

    KIND: ClassVar[str] = "lifter_training"
    model: LifterConfig = field(default_factory=LifterConfig)
    mixture: MixtureCounts = field(
        default_factory=lambda: MixtureCounts(mixed=12_000, postures=12_000, limits=8_000, atlas=16_000, noisy=0)
    )
    shares: dict[str, float] = field(default_factory=_shares)
    noise_deg: float = 8.0
    pair_share: float = 0.1
    guessed_share: float = 0.6
    standard: int = 8192
    batch: int = 512
    learning_rate: float = 1e-3
    warmup: float = 0.02
    weight_decay: float = 0.01
    clip: float = 1.0
    rotation_weight: float = 1.0
    metre_weight: float = 10.0
    ema: float = 0.999
    precision: Literal["float32", "bfloat16"] = "bfloat16"
    seed: int = 0


class LifterTrainer(Trainer):
    """The lifter's run.

    Args:
        settings: of the run.
        samples: what batches are drawn from.
        data_key: says which data the samples come from; a checkpoint of other data isn't gone on with.
        device: where to compute.
        start: a lifter of the same shape to begin with; random weights when absent.
    """

    CHECKPOINT = "lifter.safetensors"

    def __init__(
        self,
        settings: LifterTraining,
        samples: LifterSamples,
        data_key: str = "",
        device: torch.device | str = "cpu",
        start: Lifter | None = None,
    ) -> None:
        self.settings, self.samples = settings, samples
        self.device = torch.device(device)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(settings.seed)
            self.model = Lifter(settings.model).to(self.device)
        if start is not None:
            self.model.load_state_dict(start.state_dict(), strict=True)
            data_key += start.fingerprint
        else:
            values = samples.draw(settings.standard, torch.Generator().manual_seed(settings.seed + 1)).row.values
            self.model.mean.copy_(values.mean(0))
            self.model.spread.copy_(values.std(0).clamp_min(LEAST_SPREAD))
        optimizer = torch.optim.AdamW(
            self.model.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay, betas=(0.9, 0.99)
        )
        key = run_key(settings, data_key.encode())
        super().__init__(self.model, optimizer, seed=settings.seed, key=key, averaged=True)

    @property
    def network(self) -> Lifter:
        """The lifter."""
        return self.model

    def advance(self, share: float) -> dict[str, Tensor]:
        """One step at the learning rate that belongs to a share of the run; gives what the step lost."""
        settings = self.settings
        losses = self.losses(self.samples.draw(settings.batch, self.generator))
        for group in self.optimizer.param_groups:
            group["lr"] = settings.learning_rate * rate_share(share, settings.warmup)
        self.descend(losses["loss"], settings.clip, settings.ema)
        return losses

    def losses(self, batch: LifterBatch) -> dict[str, Tensor]:
        """Of a batch, as the settings weigh them."""
        settings = self.settings
        with torch.autocast(self.device.type, torch.bfloat16, enabled=settings.precision == "bfloat16"):
            mixture = self.model(batch.row.values)
        return lifter_loss(
            mixture,
            batch,
            self.samples.offsets,
            rotation_weight=settings.rotation_weight,
            metre_weight=settings.metre_weight,
        )

    def averaged(self) -> Lifter:
        """The network with averaged weights, rounded as it is stored, on the CPU."""
        state = self.model.state_dict() | self.average
        stored = {name: value.detach().cpu().to(torch.float16) for name, value in state.items()}
        return Lifter.from_tensors(self.settings.model, stored)

    def told(self, mean: Mapping[str, float], steps_a_second: float) -> str:
        """Of a line of the log."""
        return (
            f"{steps_a_second * self.settings.batch:.0f} people/s: loss {mean['loss']:.3f}, "
            f"first {1000 * mean['first_m']:.1f} mm, best {1000 * mean['best_m']:.1f} mm, "
            f"first {mean['radians']:.3f} rad"
        )
