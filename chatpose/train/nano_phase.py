"""One phase of chatpose-nano's training: the loop, its learning rates, and a checkpoint to go on from.

A checkpoint is two files of at most 15 MiB: what is learned, and AdamW's moments in half the precision, so that a run
goes on nearly, not exactly, as if it hadn't stopped; on another device too.
"""

import json
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from chatpose.errors import ChatposeError, UnreadableFileError
from chatpose.safefiles import atomic_write, checked_file, made_folder
from chatpose.train.interrupts import Interrupt
from chatpose.train.vqvae_settings import Budget, rate_share

log = logging.getLogger(__name__)

KEEP_S, TELL_S = 120.0, 30.0
MAX_CHECKPOINT_BYTES = 2**26


@dataclass(eq=False)
class Group:
    """Parameters of one learning rate.

    Attributes:
        parameters: by name.
        rate: the highest.
    """

    parameters: Mapping[str, nn.Parameter]
    rate: float


@dataclass
class Progress:
    """How far a phase is.

    Attributes:
        step: done.
        seconds: of them.
        seen: rows.
    """

    step: int = 0
    seconds: float = 0.0
    seen: int = 0


Step = Callable[[int, float], tuple[Tensor, dict[str, float], int]]
"""Number and share of the run to a loss, what to tell, and how many rows it was."""


@dataclass(eq=False)
class Phase:
    """A loop over steps.

    Attributes:
        name: of its files.
        groups: what is learned.
        warmup: share of the phase in which rates rise.
        decay: of AdamW.
        clip: longest gradient.
    """

    name: str
    groups: list[Group]
    warmup: float
    decay: float
    clip: float
    progress: Progress = field(default_factory=Progress)

    def __post_init__(self) -> None:
        several = [{"params": list(one.parameters.values()), "lr": one.rate} for one in self.groups]
        self.optimizer = torch.optim.AdamW(several, betas=(0.9, 0.98), weight_decay=self.decay)

    @property
    def parameters(self) -> dict[str, nn.Parameter]:
        """All that is learned, by name."""
        return {name: one for group in self.groups for name, one in group.parameters.items()}

    def run(
        self,
        step: Step,
        budget: Budget,
        *,
        work: Path | None = None,
        every_s: float = 0.0,
        measured: Callable[[], None] = lambda: None,
    ) -> None:
        """Takes steps until the budget is used.

        Args:
            step: makes a loss.
            budget: of the phase.
            work: folder for checkpoints.
            every_s: seconds between measurements; none when 0.
            measured: measures.

        Raises:
            ChatposeError: a loss that is no number, or Ctrl-C, after a checkpoint.
        """
        sums: dict[str, list[float]] = {}
        rows = 0
        told = kept = figured = time.monotonic()
        with Interrupt() as interrupt:
            while (share := budget.share(self.progress.step, self.progress.seconds)) < 1:
                began = time.monotonic()
                facts, count = self._take(step, share)
                now = time.monotonic()
                self.progress.seconds += now - began
                for name, value in facts.items():
                    sums.setdefault(name, []).append(value)
                rows += count
                if now - told > TELL_S:
                    means = ", ".join(f"{name} {sum(values) / len(values):.3f}" for name, values in sums.items())
                    log.info(
                        "%s %.0f s, step %d, %d rows, %.0f/s: %s",
                        self.name, self.progress.seconds, self.progress.step, self.progress.seen,
                        rows / (now - told), means,
                    )  # fmt: skip
                    told, sums, rows = now, {}, 0
                if work is not None and (now - kept > KEEP_S or interrupt.asked):
                    self.save(work)
                    kept = time.monotonic()
                if interrupt.asked:
                    raise ChatposeError("stopped", fix="the same command goes on" if work else "")
                if every_s and now - figured > every_s:
                    measured()
                    told = kept = figured = time.monotonic()
        if work is not None:
            self.save(work)

    def _take(self, step: Step, share: float) -> tuple[dict[str, float], int]:
        rate = rate_share(share, self.warmup)
        for group, asked in zip(self.optimizer.param_groups, self.groups, strict=True):
            group["lr"] = asked.rate * rate
        loss, facts, count = step(self.progress.step, share)
        if not bool(torch.isfinite(loss)):
            raise ChatposeError(
                f"the loss is {float(loss.detach())} at step {self.progress.step}", fix="lower the rates"
            )
        self.optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(list(self.parameters.values()), self.clip)
        self.optimizer.step()
        self.progress.step += 1
        self.progress.seen += count
        return facts, count

    # --- checkpoints ---------------------------------------------------------------------------------------------

    def save(self, work: Path) -> None:
        """Writes both files beside and renames them."""
        folder = made_folder(work)
        facts = {"progress": json.dumps(vars(self.progress))}
        learned = {name: one.detach().cpu().contiguous() for name, one in self.parameters.items()}
        moments = {}
        for name, one in self.parameters.items():
            state = self.optimizer.state.get(one)
            if state:
                moments[f"mean.{name}"] = state["exp_avg"].cpu().to(torch.bfloat16).contiguous()
                moments[f"root.{name}"] = state["exp_avg_sq"].sqrt().cpu().to(torch.bfloat16).contiguous()
        for what, tensors in (("moments", moments), ("weights", learned)):
            with atomic_write(folder / f"{self.name}-{what}.safetensors") as temporary:
                save_file(tensors, temporary, metadata=facts)

    def resume(self, work: Path) -> bool:
        """Takes up a checkpoint; False when there is none.

        Raises:
            UnreadableFileError: it is damaged, or of other parameters.
        """
        path = work / f"{self.name}-weights.safetensors"
        if not path.is_file():
            return False
        learned, facts = _read(path)
        moments, _ = _read(work / f"{self.name}-moments.safetensors")
        if learned.keys() != self.parameters.keys():
            raise UnreadableFileError(f"{path} holds other parameters", fix="remove it and begin anew")
        self.progress = Progress(**json.loads(facts["progress"]))
        with torch.no_grad():
            for name, one in self.parameters.items():
                one.copy_(learned[name])
                if f"mean.{name}" in moments:
                    self.optimizer.state[one] = {
                        "step": torch.tensor(float(self.progress.step)),
                        "exp_avg": moments[f"mean.{name}"].to(one),
                        "exp_avg_sq": moments[f"root.{name}"].to(one).square(),
                    }
        return True


def _read(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    checked_file(path, max_bytes=MAX_CHECKPOINT_BYTES, kind="a checkpoint")
    try:
        with safe_open(path, framework="pt") as file:
            return {name: file.get_tensor(name).clone() for name in file.keys()}, file.metadata() or {}  # noqa: SIM118
    except SafetensorError as error:
        raise UnreadableFileError(f"{path} is damaged: {error}", fix="remove it and begin anew") from error
