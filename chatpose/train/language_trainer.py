"""The state of a training run of PoseLM, and one step of it, on one processor or on several GPUs.

AdamW on what was added to a frozen base (Hu et al., LoRA, 2021), a cosine after a straight rise. The rows of a step on
all processes count as one batch: a token's weight is the same whatever stands beside it. A run goes on exactly where
its checkpoint left it: chance depends on the step, data on its number.
"""

import contextlib
import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from chatpose.errors import ChatposeError, UnreadableFileError, UnwritableFileError
from chatpose.train.language_checkpoint import read_checkpoint, restore, save_checkpoint, state_of, trained, whole
from chatpose.train.language_data import Cursor, RowStream
from chatpose.train.language_loss import Tally
from chatpose.train.language_packing import Example, PackingError, Row, pack, packs, positions_of
from chatpose.train.language_settings import LanguageTraining
from chatpose.train.language_step import LanguageStep
from chatpose.train.vqvae_settings import rate_share

_TOLERANCES = {torch.float32: 1e-4, torch.float64: 1e-6}
"""Of packed against single conversations, by the base's numbers; bfloat16 has 8 bits."""
_HALF_TOLERANCE = 0.03
_NOT_OF_THE_RUN = ("evaluate_every", "replies", "keep_every_s", "workers", "checkpointing")
"""Settings that may change when a run goes on."""


class TrainingError(ChatposeError, RuntimeError):
    """A run that can't go on."""


def sharded(accelerator: Any) -> bool:
    """Whether processes hold parts of one model (FSDP)."""
    return "FSDP" in str(accelerator.distributed_type)


class LanguageTrainer:
    """A run: model, optimiser, place in the data, steps, seconds.

    Args:
        settings: of the run.
        lm: the model with its adapter (`chatpose.language.PoseLM`).
        stream: rows of this process.
        accelerator: of `accelerate`.
        facts: what else makes two runs different ones: fingerprints of base and data.
    """

    def __init__(
        self, settings: LanguageTraining, lm: Any, stream: RowStream, accelerator: Any, facts: Sequence[str] = ()
    ) -> None:
        self.settings, self.lm, self.stream, self.accelerator = settings, lm, stream, accelerator
        base = lm.model.get_base_model()
        if settings.checkpointing:
            _checkpoint_layers(lm.model.get_base_model())
        head = getattr(lm, "regression_head", None)
        reduced = settings.precision == "bfloat16"
        module = LanguageStep(lm.model, base, head, reduced)
        optimizer = torch.optim.AdamW(self._groups(module), lr=settings.learning_rate, betas=(0.9, 0.99))
        module.train()
        self.module, self.optimizer = accelerator.prepare(module, optimizer)
        self.packing = settings.packing and self._can_pack()
        if not self.packing and sharded(accelerator):
            # Processes would pass through the layers different numbers of times, and wait for each other for ever.
            raise TrainingError("conversations that aren't packed", expected="DDP instead of FSDP")
        self.step = 0
        self.seconds = 0.0
        self.key = self._key(facts)

    @property
    def inner(self) -> LanguageStep:
        """The module without what several processes wrap around it."""
        return self.accelerator.unwrap_model(self.module)

    @property
    def parameters(self) -> dict[str, nn.Parameter]:
        """What is learned; as the optimiser has it, spread over processes or not."""
        for module in self.module.modules():
            # After a forward pass without a backward one FSDP still has whole parameters in their places.
            reshard = getattr(module, "reshard", None)
            if callable(reshard):
                reshard()
        return trained(self.inner)

    def _groups(self, module: LanguageStep) -> list[dict[str, Any]]:
        """LoRA's matrices decay; rows of the vocabulary and the head have a rate of their own."""
        several = trained(module)
        if not several:
            raise TrainingError("nothing to learn", expected="a model with an adapter")
        added = {name for name in several if "trainable_tokens" in name or name.startswith("head.")}
        groups = [
            {"params": [one for name, one in several.items() if name not in added], "share": 1.0,
             "weight_decay": self.settings.weight_decay},
            {"params": [one for name, one in several.items() if name in added], "share": self.settings.row_rate,
             "weight_decay": 0.0},
        ]  # fmt: skip
        return [group for group in groups if group["params"]]

    def _can_pack(self) -> bool:
        """Measured on two conversations, the same in all processes: who can't see the other answers as if alone."""
        examples = self.stream.examples(2)
        if len(examples) < 2:
            return True
        step = self.inner
        step.eval()
        dtype = next(one.dtype for one in step.base.parameters() if one.is_floating_point())
        tolerance = _HALF_TOLERANCE if step.reduced else _TOLERANCES.get(dtype, _HALF_TOLERANCE)
        able = packs(
            lambda row: self.module(row.to(self.accelerator.device), only_logits=True), step.base, examples, tolerance
        )
        step.train()
        return able

    def _key(self, facts: Sequence[str]) -> str:
        kept = {name: value for name, value in asdict(self.settings).items() if name not in _NOT_OF_THE_RUN}
        told = [kept, *facts, self.accelerator.num_processes]
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()

    # --- a step ------------------------------------------------------------------------------------------------------

    def rows_of(self, examples: Sequence[Example]) -> list[Row]:
        """What goes through the model at once, and what one after the other."""
        base = self.inner.base
        try:
            rows = [pack(one, positions_of(base, one)) for one in ([examples] if self.packing else _singly(examples))]
        except PackingError:
            if sharded(self.accelerator):
                raise
            rows = [pack(one, positions_of(base, one)) for one in _singly(examples)]
        return [row.to(self.accelerator.device) for row in rows]

    def advance(self, share: float) -> dict[str, float]:
        """One step at the learning rate that belongs to a share of the run; gives what the step lost.

        Raises:
            TrainingError: the loss isn't a number any more; nothing was changed.
        """
        settings = self.settings
        taken, after = self.stream.take(settings.accumulate)
        rows = [row for examples in taken for row in self.rows_of(examples)]
        mine = [float(sum(row.weights.sum() for row in rows)), float(sum(len(row.rotations) for row in rows))]
        weight, poses = self.summed(mine)
        tally = Tally()
        devices = [self.accelerator.device] if self.accelerator.device.type == "cuda" else []
        with torch.random.fork_rng(devices=devices):
            # Dropout depends on the step alone, so that a resumed run is the same run.
            number = self.step * self.accelerator.num_processes + self.accelerator.process_index
            torch.manual_seed(settings.seed * 1_000_003 + number)
            total = sum(
                self._row(row, weight, poses, tally, last=place + 1 == len(rows)) for place, row in enumerate(rows)
            )
        norm = float(whole(self.accelerator.clip_grad_norm_(list(self.module.parameters()), settings.clip)))
        if not math.isfinite(norm):
            self.optimizer.zero_grad(set_to_none=True)
            raise TrainingError(f"step {self.step}: the gradient is {norm}", fix="lower learning_rate and go on")
        for group in self.optimizer.param_groups:
            group["lr"] = settings.learning_rate * group["share"] * rate_share(share, settings.warmup)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.step += 1
        self.stream.cursor = after
        tokens = float(sum(row.tokens for row in rows))
        conversations = float(sum(row.conversations for row in rows))
        *sums, tokens, conversations, total = self.summed([*tally.vector().tolist(), tokens, conversations, total])
        told = dict(Tally.of(torch.tensor(sums, dtype=torch.float64)).means())
        return {"loss": total, **told, "norm": norm, "tokens": tokens, "conversations": conversations}

    def _row(self, row: Row, weight: float, poses: float, tally: Tally, *, last: bool) -> float:
        """Adds a row's gradient; gives its part of the step's loss."""
        settings, accelerator = self.settings, self.accelerator
        quiet = contextlib.nullcontext() if last else accelerator.no_sync(self.module)
        with quiet:
            made = self.module(row)
            loss = (made.losses * row.weights).sum() / max(weight, 1e-9)
            if made.errors is not None:
                apart = settings.angle_weight * made.errors.angle_rad
                apart = apart + settings.position_weight * made.errors.position_m
                loss = loss + apart.sum() / max(poses, 1.0)
                tally.add_poses(made.errors)
            # Gradients are averaged over processes; the sums above are over all of them already.
            accelerator.backward(loss * accelerator.num_processes)
        tally.add(made.losses, row.roles)
        return float(loss.detach())

    def summed(self, numbers: Sequence[float]) -> list[float]:
        """Of all processes."""
        if self.accelerator.num_processes == 1:
            return list(numbers)
        mine = torch.tensor(list(numbers), dtype=torch.float64, device=self.accelerator.device)
        return self.accelerator.reduce(mine, "sum").tolist()

    # --- checkpoints -------------------------------------------------------------------------------------------------

    def save(self, folder: Path) -> None:
        """Writes the checkpoint, whole or not at all; all processes have to ask."""
        state = dict(state_of(self.parameters, self._adam()))
        cursors = self.gathered(self.stream.cursor)
        if self.accelerator.is_main_process:
            facts = {"key": self.key, "step": self.step, "seconds": self.seconds, "cursors": cursors}
            save_checkpoint(folder, state, facts | {"left_out": self.stream.left_out})
        self.accelerator.wait_for_everyone()

    def resume(self, folder: Path) -> bool:
        """Goes on from the checkpoint of a folder; false when there is none.

        Raises:
            UnwritableFileError: it is of other settings, data or number of processes.
            UnreadableFileError: it is damaged, or of another model.
        """
        found = read_checkpoint(folder)
        if found is None:
            return False
        tensors, facts = found
        if facts.get("key") != self.key:
            raise UnwritableFileError(
                f"{folder} holds a run of other settings, data or number of processes",
                fix="give the run another --name",
            )
        restore(tensors, self.parameters, self._adam())
        try:
            self.step, self.seconds = int(facts["step"]), float(facts["seconds"])
            self.stream.cursor = Cursor(*facts["cursors"][self.accelerator.process_index])
            self.stream.left_out.update(facts["left_out"] if self.accelerator.is_main_process else {})
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise UnreadableFileError(f"{folder}: the checkpoint lacks {error}", fix="begin anew") from error
        return True

    def whole_state(self) -> dict[str, Tensor] | None:
        """What is learned, by the adapted model's names, where processes hold parts of it (FSDP); else None.

        All processes have to ask.
        """
        if not any(hasattr(one, "full_tensor") for one in self.parameters.values()):
            return None
        return {name: whole(one) for name, one in self.parameters.items()}

    def gathered(self, cursor: Cursor) -> list[list[int]]:
        """Where every process is."""
        mine: Tensor = torch.tensor([[cursor.chunk, cursor.row]], device=self.accelerator.device)
        return self.accelerator.gather(mine).tolist()

    def _adam(self) -> torch.optim.Optimizer:
        return getattr(self.optimizer, "optimizer", self.optimizer)


def _singly(examples: Sequence[Example]) -> list[list[Example]]:
    return [[one] for one in examples]


def _checkpoint_layers(base: Any) -> None:
    """Layers' results are computed again in the backward pass; dropout draws the same numbers again."""
    enable = getattr(base, "activation_checkpointing_enable", None) or base.gradient_checkpointing_enable
    enable({"use_reentrant": False})
