"""Trains the lifter: `chatpose train perception --data FOLDER --bank FOLDER --out FOLDER --minutes M`.

Poses of the training subjects, hand-made postures and the atlas' training entries are seen through random cameras; the
landmarks get errors that BlazePose made on renders (`chatpose.train.landmark_noise`), and a share of each batch is what
it saw of renders itself. Nothing is made in advance: batches are drawn on the fly. AdamW, a cosine, and the average of
the weights over the last steps is what is kept (Polyak and Juditsky, 1992). Checkpoints hold all of a run's state, so
that a broken run goes on exactly where it stopped.
"""

import hashlib
import json
import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from chatpose.errors import UnreadableFileError, UnwritableFileError
from chatpose.perception.lifter import Lifter, LifterConfig
from chatpose.pretrained import PretrainedConfig
from chatpose.safefiles import atomic_write, checked_file, made_folder
from chatpose.train.interrupts import Interrupt
from chatpose.train.lifter_loss import lifter_loss
from chatpose.train.lifter_samples import LifterBatch, LifterSamples
from chatpose.train.tokenizer_data import MixtureCounts
from chatpose.train.vqvae_settings import Budget, rate_share

log = logging.getLogger(__name__)

CHECKPOINT_NAME = "lifter.safetensors"
TOLD_EVERY_S = 20.0
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


class LifterTrainer:
    """The state of a run: network, its average, optimiser, random numbers, step, seconds.

    Args:
        settings: of the run.
        samples: what batches are drawn from.
        data_key: says which data the samples come from; a checkpoint of other data isn't gone on with.
        device: where to compute.
        start: a lifter of the same shape to begin with; random weights when absent.
    """

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
        self.generator = torch.Generator().manual_seed(settings.seed)
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
        self.average = {name: value.detach().clone() for name, value in self.model.named_parameters()}
        self.optimizer = torch.optim.AdamW(
            self.model.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay, betas=(0.9, 0.99)
        )
        self.step = 0
        self.seconds = 0.0
        self.key = hashlib.sha256((json.dumps(asdict(settings), sort_keys=True) + data_key).encode()).hexdigest()

    def advance(self, share: float) -> dict[str, Tensor]:
        """One step at the learning rate that belongs to a share of the run; gives what the step lost."""
        settings = self.settings
        losses = self.losses(self.samples.draw(settings.batch, self.generator))
        for group in self.optimizer.param_groups:
            group["lr"] = settings.learning_rate * rate_share(share, settings.warmup)
        self.optimizer.zero_grad(set_to_none=True)
        losses["loss"].backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), settings.clip)
        self.optimizer.step()
        self.step += 1
        # Early on the average is of all steps so far, so that it doesn't drag the first weights along.
        kept = min(settings.ema, self.step / (self.step + 10))
        with torch.no_grad():
            for name, value in self.model.named_parameters():
                self.average[name].lerp_(value, 1 - kept)
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

    # --- checkpoints -------------------------------------------------------------------------------------------------

    def state(self) -> dict[str, Tensor]:
        """All tensors that the next step depends on."""
        tensors = {f"model.{name}": tensor for name, tensor in self.model.state_dict().items()}
        tensors |= {f"average.{name}": tensor for name, tensor in self.average.items()}
        for name, parameter in self.model.named_parameters():
            tensors |= {f"adam.{kind}.{name}": value for kind, value in self.optimizer.state[parameter].items()}
        tensors["generator"] = self.generator.get_state()
        return {name: tensor.detach().cpu().contiguous().clone() for name, tensor in tensors.items()}

    def save(self, folder: Path) -> None:
        """Writes the checkpoint, whole or not at all."""
        facts = {"key": self.key, "step": str(self.step), "seconds": repr(self.seconds)}
        with atomic_write(made_folder(folder) / CHECKPOINT_NAME) as temporary:
            temporary.write_bytes(save(self.state(), metadata=facts))

    def resume(self, folder: Path) -> bool:
        """Goes on from the checkpoint of a folder; false when there is none.

        Raises:
            UnwritableFileError: the folder holds a checkpoint of other settings or data, which would be overwritten.
            UnreadableFileError: it is damaged.
        """
        path = folder / CHECKPOINT_NAME
        if not path.exists():
            return False
        checked_file(path)
        try:
            with safe_open(path, framework="pt") as file:
                facts = file.metadata() or {}
                tensors = {name: file.get_tensor(name).clone() for name in file.keys()}  # noqa: SIM118
        except SafetensorError as error:
            raise UnreadableFileError(f"{path} is damaged: {error}", fix="remove it and begin anew") from error
        if facts.get("key") != self.key:
            raise UnwritableFileError(f"{path} is of other settings or data", fix="name another --work folder")
        self._restore(tensors)
        self.step, self.seconds = int(facts["step"]), float(facts["seconds"])
        return True

    def _restore(self, tensors: dict[str, Tensor]) -> None:
        model = {name.removeprefix("model."): value for name, value in tensors.items() if name.startswith("model.")}
        self.model.load_state_dict(model, strict=True)
        for name, parameter in self.model.named_parameters():
            self.average[name] = tensors[f"average.{name}"].to(self.device)
            kinds = [kind for kind in ("step", "exp_avg", "exp_avg_sq") if f"adam.{kind}.{name}" in tensors]
            state = {kind: tensors[f"adam.{kind}.{name}"] for kind in kinds}
            # AdamW counts its steps on the CPU.
            moved = {kind: value if kind == "step" else value.to(self.device) for kind, value in state.items()}
            self.optimizer.state[parameter] = moved
        self.generator.set_state(tensors["generator"])


def train(
    trainer: LifterTrainer,
    budget: Budget,
    *,
    validate: Callable[[Lifter], str] | None = None,
    work: Path | None = None,
    checkpoint_every_s: float = 180.0,
) -> dict[str, Any]:
    """Runs to the end of the budget.

    Args:
        trainer: new, or resumed.
        budget: of the whole run, what was done before a break included.
        validate: says how good the averaged network is; asked at every checkpoint.
        work: where checkpoints are kept.
        checkpoint_every_s: seconds between them.

    Returns:
        Facts for the card.

    Raises:
        KeyboardInterrupt: after the step that was under way was finished and kept.
    """
    said = kept = time.monotonic()
    told: list[dict[str, Tensor]] = []
    with Interrupt() as interrupt:
        for share in _run(trainer, budget, interrupt):
            losses = trainer.advance(share)
            told.append({name: value.detach() for name, value in losses.items()})
            now = time.monotonic()
            if now - said >= TOLD_EVERY_S:
                _tell(trainer, budget, told, now - said)
                said, told = now, []
            if now - kept >= checkpoint_every_s:
                if work is not None:
                    trainer.save(work)
                if validate is not None:
                    log.info("after %d steps: %s", trainer.step, validate(trainer.averaged()))
                kept = time.monotonic()
        if work is not None:
            trainer.save(work)
        if interrupt.asked:
            log.info("interrupted after %d steps", trainer.step)
            raise KeyboardInterrupt
    return {"steps": trainer.step, "seconds": round(trainer.seconds)}


def _run(trainer: LifterTrainer, budget: Budget, interrupt: Interrupt) -> Iterator[float]:
    """The share of the run before each of its steps; keeps the trainer's clock."""
    last = time.monotonic()
    while not interrupt.asked and (share := budget.share(trainer.step, trainer.seconds)) < 1:
        yield share
        now = time.monotonic()
        trainer.seconds += now - last
        last = now


def _tell(trainer: LifterTrainer, budget: Budget, told: list[dict[str, Tensor]], seconds: float) -> None:
    mean = {name: float(torch.stack([losses[name] for losses in told]).mean()) for name in told[0]}
    log.info(
        "%3.0f %%, step %d, %.0f people/s: loss %.3f, first %.1f mm, best %.1f mm, first %.3f rad",
        100 * budget.share(trainer.step, trainer.seconds),
        trainer.step,
        len(told) * trainer.settings.batch / max(seconds, 1e-9),
        mean["loss"],
        1000 * mean["first_m"],
        1000 * mean["best_m"],
        mean["radians"],
    )
