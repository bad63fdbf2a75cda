"""A training run of PoseLM from its first step to an adapter: what is measured on the way, and what is said."""

import logging
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from chatpose.corpus.instructions.messages import Conversation
from chatpose.train.language_card import language_card
from chatpose.train.language_data import Make, example_or_reason
from chatpose.train.language_evaluation import Asked, asked_for_poses, held_out_losses, written_poses
from chatpose.train.language_folder import RunFolder
from chatpose.train.language_packing import Example
from chatpose.train.language_settings import LanguageTraining
from chatpose.train.language_stop import Stop
from chatpose.train.language_trainer import LanguageTrainer, sharded
from chatpose.train.vqvae_settings import Budget

log = logging.getLogger(__name__)

TOLD_EVERY_S = 20.0


@dataclass(frozen=True, eq=False)
class HeldOut:
    """What is measured and never learned.

    Attributes:
        examples: rendered.
        asked: whose answers are written.
    """

    examples: Sequence[Example]
    asked: Sequence[Asked]

    @classmethod
    def of(
        cls,
        conversations: Sequence[Conversation],
        make: Make,
        settings: LanguageTraining,
        *,
        skip_bad: bool = False,
    ) -> "HeldOut":
        """Renders them; what doesn't fit is left out as in training."""
        examples, shown = [], []
        make.prepare(conversations)
        for one in conversations:
            made, _ = example_or_reason(make, one, settings.length, skip_bad=skip_bad)
            if made is not None:
                examples.append(made)
                shown.append(one)
        return cls(examples, asked_for_poses(shown, settings.replies))


def train(
    trainer: LanguageTrainer,
    budget: Budget,
    folder: RunFolder,
    *,
    held_out: HeldOut | None = None,
    bar: bool = True,
) -> dict[str, Any]:
    """Runs to the end of the budget and writes the adapter.

    Args:
        trainer: new, or resumed.
        budget: of the whole run, what was done before a break included.
        folder: of the run.
        held_out: measured every `evaluate_every` steps and at the end.
        bar: show progress on a terminal.

    Returns:
        Steps, seconds, and what was measured at the end.

    Raises:
        KeyboardInterrupt: after the step that was under way was finished and kept.
    """
    settings = trainer.settings
    kept = time.monotonic()
    measured_at = -1
    figures: dict[str, float] = {}
    with Stop() as stop, Told(trainer, budget, folder, bar) as told:
        for share in shares(trainer, budget, stop):
            told.add(trainer.advance(share))
            if settings.evaluate_every and trainer.step % settings.evaluate_every == 0 and held_out is not None:
                figures, measured_at = measure(trainer, held_out, folder), trainer.step
                write_adapter(trainer, folder, figures)
            if trainer.summed([float(time.monotonic() - kept >= settings.keep_every_s)])[0]:
                trainer.save(folder.checkpoint)
                kept = time.monotonic()
        trainer.save(folder.checkpoint)
        told.flush()
        if stop.asked:
            log.info("interrupted after %d steps; the same command goes on", trainer.step)
            raise KeyboardInterrupt
    if held_out is not None and measured_at != trainer.step:
        figures = measure(trainer, held_out, folder)
    write_adapter(trainer, folder, figures)
    return {"steps": trainer.step, "seconds": round(trainer.seconds), "figures": figures}


def shares(trainer: LanguageTrainer, budget: Budget, stop: Stop) -> Iterator[float]:
    """The share of the run before each of its steps, the same in all processes; keeps the trainer's clock."""
    last = time.monotonic()
    main = trainer.accelerator.is_main_process
    while True:
        mine = [budget.share(trainer.step, trainer.seconds) if main else 0.0, float(stop.asked)]
        share, asked = trainer.summed(mine)
        if asked:
            stop.asked = True
        if asked or share >= 1:
            return
        yield share
        now = time.monotonic()
        trainer.seconds += now - last
        last = now


def measure(trainer: LanguageTrainer, held_out: HeldOut, folder: RunFolder) -> dict[str, float]:
    """Figures of what is held out; all processes have to ask."""
    begun = time.monotonic()
    figures: dict[str, float] = {}
    if held_out.examples:
        figures |= {f"held_out_{name}": value for name, value in held_out_losses(trainer, held_out.examples).items()}
    apart = sharded(trainer.accelerator)
    if held_out.asked and not apart and trainer.accelerator.is_main_process:
        was = trainer.inner.training
        trainer.inner.eval()
        figures |= {f"reply_{name}": value for name, value in written_poses(trainer.lm, held_out.asked).items()}
        trainer.inner.train(was)
    trainer.accelerator.wait_for_everyone()
    folder.tell(step=trainer.step, kind="measured", **figures, took_s=time.monotonic() - begun)
    if trainer.accelerator.is_main_process:
        log.info("after %d steps: %s", trainer.step, said(figures))
        if held_out.asked and apart:
            log.info("answers aren't written while the model is spread over GPUs (FSDP)")
    return figures


def said(figures: dict[str, float]) -> str:
    """Figures in words."""
    return ", ".join(f"{name.replace('_', ' ')} {value:.4g}" for name, value in figures.items()) or "nothing held out"


def write_adapter(trainer: LanguageTrainer, folder: RunFolder, figures: dict[str, float]) -> None:
    """Writes the adapter as it is now; the one before stays when that fails."""
    state = trainer.whole_state()
    if trainer.accelerator.is_main_process:
        card = language_card(trainer.settings, trainer.step, trainer.seconds, figures, dict(trainer.stream.left_out))
        trainer.lm.save_pretrained(folder.adapter, card, **({"state": state} if state is not None else {}))
    trainer.accelerator.wait_for_everyone()


class Told:
    """Says how a run goes: a bar on a terminal, lines in the log.

    Args:
        trainer: of the run.
        budget: of it.
        folder: of it.
        bar: on a terminal.
    """

    def __init__(self, trainer: LanguageTrainer, budget: Budget, folder: RunFolder, bar: bool) -> None:
        self.trainer, self.budget, self.folder = trainer, budget, folder
        self.shown = bar and trainer.accelerator.is_main_process
        self.since, self.steps = time.monotonic(), 0
        self.sums: dict[str, float] = {}
        self.counts: dict[str, int] = {}
        self._bar: Any = None

    def __enter__(self) -> "Told":
        from tqdm import tqdm

        total = self.budget.steps
        self._bar = tqdm(
            total=total,
            initial=self.trainer.step,
            unit="step",
            disable=None if self.shown else True,
            dynamic_ncols=True,
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()

    def add(self, step: dict[str, float]) -> None:
        """What a step lost."""
        for name, value in step.items():
            self.sums[name] = self.sums.get(name, 0.0) + value
            self.counts[name] = self.counts.get(name, 0) + 1
        self.steps += 1
        self._bar.update(1)
        now = time.monotonic()
        tokens = self.sums["tokens"] / max(now - self.since, 1e-9)
        self._bar.set_postfix_str(f"loss {step['loss']:.3f}, {tokens:,.0f} tokens/s", refresh=False)
        if now - self.since >= TOLD_EVERY_S or self.trainer.step == 1:
            self.flush()

    def flush(self) -> None:
        """Writes the line of the last steps."""
        if not self.steps:
            return
        seconds = max(time.monotonic() - self.since, 1e-9)
        rates = {name: self.sums.pop(name) / seconds for name in ("tokens", "conversations")}
        means = {name: value / self.counts[name] for name, value in self.sums.items()}
        share = self.budget.share(self.trainer.step, self.trainer.seconds)
        rate = self.trainer.optimizer.param_groups[0]["lr"]
        row = {**means, **{f"{name}_s": value for name, value in rates.items()}, "rate": rate, "share": share}
        left_out = dict(self.trainer.stream.left_out)
        self.folder.tell(
            step=self.trainer.step,
            kind="learned",
            steps=self.steps,
            **row,
            seconds=self.trainer.seconds,
            left_out=left_out,
        )
        if self.shown and self._bar.disable:
            parts = ", ".join(f"{name} {value:.4f}" for name, value in means.items())
            log.info("%3.0f %%, step %d, %.0f tokens/s: %s", 100 * share, self.trainer.step, rates["tokens"], parts)
        self.since, self.steps, self.sums, self.counts = time.monotonic(), 0, {}, {}
