"""`Trainer`: what a run keeps and goes on with; `run`: steps until its budget is spent."""

import hashlib
import json
import logging
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, ClassVar

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from chatpose.errors import UnreadableFileError, UnwritableFileError
from chatpose.safefiles import atomic_write, checked_file, made_folder
from chatpose.train.interrupts import Interrupt
from chatpose.train.vqvae_settings import Budget

log = logging.getLogger(__name__)

TOLD_EVERY_S = 20.0
_ADAM = ("step", "exp_avg", "exp_avg_sq")


def run_key(settings: Any, *data: bytes) -> str:
    """Tells runs apart: a checkpoint of other settings (a dataclass) or other data isn't gone on with."""
    digest = hashlib.sha256(json.dumps(asdict(settings), sort_keys=True).encode())
    for part in data:
        digest.update(part)
    return digest.hexdigest()


class Trainer(ABC):
    """The state of a run: network, perhaps its average, optimiser, random numbers, step, seconds.

    Args:
        model: that is trained.
        optimizer: AdamW over its parameters.
        seed: of the random numbers of batches.
        key: `run_key` of settings and data.
        averaged: whether the average of the weights is kept (Polyak and Juditsky, 1992).
    """

    CHECKPOINT: ClassVar[str]
    """Name of the checkpoint's file."""

    def __init__(
        self, model: nn.Module, optimizer: torch.optim.Optimizer, *, seed: int, key: str, averaged: bool = False
    ) -> None:
        self.optimizer, self.key = optimizer, key
        self.generator = torch.Generator().manual_seed(seed)
        self.average: dict[str, Tensor] = {}
        if averaged:
            self.average = {name: value.detach().clone() for name, value in model.named_parameters()}
        self.step = 0
        self.seconds = 0.0

    @property
    @abstractmethod
    def network(self) -> nn.Module:
        """What is trained."""

    @abstractmethod
    def advance(self, share: float) -> dict[str, Tensor]:
        """One step at the learning rate that belongs to a share of the run; gives what the step lost."""

    @abstractmethod
    def told(self, mean: Mapping[str, float], steps_a_second: float) -> str:
        """What a line of the log says of the mean losses since the last one."""

    def kept(self) -> dict[str, Tensor]:
        """Further tensors that the next step depends on."""
        return {}

    def take(self, tensors: Mapping[str, Tensor], facts: Mapping[str, str]) -> None:
        """Goes on with what `kept` and `facts` gave; here nothing."""
        del tensors, facts

    def facts(self) -> dict[str, str]:
        """Further numbers that the next step depends on."""
        return {}

    def descend(self, loss: Tensor, clip: float, ema: float = 0.0) -> None:
        """A step down, with a longest gradient; `ema` is the share of the averaged weights that stays."""
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), clip)
        self.optimizer.step()
        self.step += 1
        # Early on the average is of all steps so far, so that it doesn't drag the first weights along.
        stays = min(ema, self.step / (self.step + 10))
        parameters = dict(self.network.named_parameters())
        with torch.no_grad():
            for name, value in self.average.items():
                value.lerp_(parameters[name], 1 - stays)

    # --- checkpoints -------------------------------------------------------------------------------------------------

    def state(self) -> dict[str, Tensor]:
        """All tensors that the next step depends on."""
        tensors = {f"model.{name}": tensor for name, tensor in self.network.state_dict().items()}
        tensors |= {f"average.{name}": tensor for name, tensor in self.average.items()}
        for name, parameter in self.network.named_parameters():
            tensors |= {f"adam.{kind}.{name}": value for kind, value in self.optimizer.state[parameter].items()}
        tensors |= self.kept()
        tensors["generator"] = self.generator.get_state()
        return {name: tensor.detach().cpu().contiguous().clone() for name, tensor in tensors.items()}

    def save(self, folder: Path) -> None:
        """Writes the checkpoint, whole or not at all."""
        facts = {"key": self.key, "step": str(self.step), "seconds": repr(self.seconds), **self.facts()}
        with atomic_write(made_folder(folder) / self.CHECKPOINT) as temporary:
            temporary.write_bytes(save(self.state(), metadata=facts))

    def resume(self, folder: Path) -> bool:
        """Goes on from the checkpoint of a folder; false when there is none.

        Raises:
            UnwritableFileError: the folder holds a checkpoint of other settings or data, which would be overwritten.
            UnreadableFileError: it is damaged.
        """
        path = folder / self.CHECKPOINT
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
        self.take(tensors, facts)
        self.step, self.seconds = int(facts["step"]), float(facts["seconds"])
        return True

    def _restore(self, tensors: Mapping[str, Tensor]) -> None:
        model = {name.removeprefix("model."): value for name, value in tensors.items() if name.startswith("model.")}
        self.network.load_state_dict(model, strict=True)
        for name, value in self.average.items():
            value.copy_(tensors[f"average.{name}"])
        for name, parameter in self.network.named_parameters():
            found = {kind: tensors.get(f"adam.{kind}.{name}") for kind in _ADAM}
            # AdamW counts its steps on the CPU.
            self.optimizer.state[parameter] = {
                kind: value if kind == "step" else value.to(parameter.device)
                for kind, value in found.items()
                if value is not None
            }
        self.generator.set_state(tensors["generator"])


def run(
    trainer: Trainer,
    budget: Budget,
    *,
    measure: Callable[[], str] | None = None,
    work: Path | None = None,
    checkpoint_every_s: float = 180.0,
) -> dict[str, Any]:
    """Runs to the end of the budget.

    Args:
        trainer: new, or resumed.
        budget: of the whole run, what was done before a break included.
        measure: says how good it is by now; asked at every checkpoint.
        work: where checkpoints are kept.
        checkpoint_every_s: seconds between them.

    Returns:
        Facts for the card.

    Raises:
        KeyboardInterrupt: after the step that was under way was finished and kept.
    """
    said = kept = time.monotonic()
    losses: list[dict[str, Tensor]] = []
    with Interrupt() as interrupt:
        for share in _shares(trainer, budget, interrupt):
            losses.append({name: value.detach() for name, value in trainer.advance(share).items()})
            now = time.monotonic()
            if now - said >= TOLD_EVERY_S:
                _tell(trainer, budget, losses, now - said)
                said, losses = now, []
            if now - kept >= checkpoint_every_s:
                if work is not None:
                    trainer.save(work)
                if measure is not None:
                    log.info("after %d steps: %s", trainer.step, measure())
                kept = time.monotonic()
        if work is not None:
            trainer.save(work)
        if interrupt.asked:
            log.info("interrupted after %d steps", trainer.step)
            raise KeyboardInterrupt
    return {"steps": trainer.step, "seconds": round(trainer.seconds)}


def _shares(trainer: Trainer, budget: Budget, interrupt: Interrupt) -> Iterator[float]:
    """The share of the run before each of its steps; keeps the trainer's clock."""
    last = time.monotonic()
    while not interrupt.asked and (share := budget.share(trainer.step, trainer.seconds)) < 1:
        yield share
        now = time.monotonic()
        trainer.seconds += now - last
        last = now


def _tell(trainer: Trainer, budget: Budget, losses: Sequence[Mapping[str, Tensor]], seconds: float) -> None:
    """Of the names that the last step has; a run may change what it looks at."""
    mean = {name: float(torch.stack([one[name] for one in losses if name in one]).mean()) for name in losses[-1]}
    done = 100 * budget.share(trainer.step, trainer.seconds)
    log.info("%3.0f %%, step %d, %s", done, trainer.step, trainer.told(mean, len(losses) / max(seconds, 1e-9)))
