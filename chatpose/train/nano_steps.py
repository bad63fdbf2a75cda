"""What a step of chatpose-nano's training minimises."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, dropout, linear

from chatpose.language.nano.modeling import NanoModel, Read
from chatpose.language.nano.rows import Places, claim_places
from chatpose.train.nano_data import Batch, answer_inputs

BLANK = -100


@dataclass(eq=False)
class Answered:
    """What a model says to a batch, teacher-forced.

    Attributes:
        plan: mean loss of a statement's token; 0 where no words tell the plan.
        pose: mean loss of a code, weighted by stage; None where no pose is written.
        first: (B, 6, K) scores of each part's first code.
    """

    plan: Tensor
    pose: Tensor | None = None
    first: Tensor | None = None


def read_batch(model: NanoModel, table: Tensor, batch: Batch, rate: float) -> Read:
    """Looks at a batch's prompts.

    Args:
        model: reader and decoder.
        table: rows.
        batch: of them.
        rate: dropout of what was read.
    """
    text = batch.text
    if text is not None and rate and model.training:
        text = replace(text, states=dropout(text.states, rate))
    return model.read(text, table[batch.shown], batch.shown_segments, batch.shown_mask)


def answer(
    model: NanoModel,
    table: Tensor,
    places: Places,
    batch: Batch,
    read: Read,
    weights: tuple[float, float] | None,
) -> Answered:
    """Losses of a batch.

    Args:
        model: reader and decoder.
        table: rows.
        places: in it.
        batch: of the rows.
        read: its prompts.
        weights: of the stages; None where no pose is written.
    """
    ids, seen = answer_inputs(batch, places)
    statements = batch.plans.shape[1] + 1
    if weights is None:
        ids, seen = ids[:, :statements], seen[:, :statements]
    own = torch.eye(ids.shape[1], dtype=torch.bool, device=ids.device)
    mask = ((seen[:, None] & own.logical_not().tril()) | own)[:, None]
    hidden, _ = model.decode(table[ids], mask, read)
    plan = hidden.new_zeros(()) if batch.text is None else _plan_loss(hidden[:, :statements], table, batch)
    if weights is None:
        return Answered(plan)
    states = hidden[:, statements:]
    scores = torch.stack(
        [states[:, slot] @ table[start : start + places.codes].T for slot, start in enumerate(places.starts)], 1
    )
    each = cross_entropy(scores.flatten(0, 1), batch.codes.flatten(), reduction="none").view(batch.codes.shape)
    stage = each.new_tensor(weights).repeat(len(places.starts) // 2)
    return Answered(plan, (each * stage).mean() / stage.mean(), scores[:, ::2])


def _plan_loss(hidden: Tensor, table: Tensor, batch: Batch) -> Tensor:
    """Each statement from those before, and after the last one the end; the posture counts as any."""
    first = int(claim_places()[0])
    end = first - 1  # the end of a plan lies right before the statements
    said = torch.cat([batch.plan_mask.new_ones(len(batch), 1), batch.plan_mask], 1)
    targets = torch.cat([batch.plans, batch.plans.new_full((len(batch), 1), end)], 1).masked_fill(~said, BLANK)
    chosen = targets != BLANK
    pool = table[end : first + len(claim_places())]
    return cross_entropy(hidden[chosen] @ pool.T, targets[chosen] - end)


# --- LoRA ------------------------------------------------------------------------------------------------------------


@contextmanager
def whole_weights(model: Any) -> Iterator[Callable[[], None]]:
    """Peft's layers with base and LoRA added up once a step instead of multiplied one after the other.

    The same function of the same parameters; with a rank that isn't small it is faster.

    Yields:
        To be called before each step.
    """
    from peft.tuners.lora.layer import Linear

    layers: list[Any] = [layer for layer in model.modules() if isinstance(layer, Linear)]
    added: dict[int, Tensor] = {}

    def refresh() -> None:
        for layer in layers:
            up, down = layer.lora_B["default"].weight, layer.lora_A["default"].weight
            added[id(layer)] = layer.base_layer.weight + layer.scaling["default"] * (up @ down)

    def made(layer: Any) -> Callable[[Tensor], Tensor]:
        return lambda states: linear(states, added[id(layer)], layer.base_layer.bias)

    try:
        for layer in layers:
            layer.forward = made(layer)
        yield refresh
    finally:
        for layer in layers:
            del layer.forward


def pose_rows(model: Any) -> Tensor:
    """The learned rows of pose tokens, in peft's own parameter."""
    from peft.tuners.trainable_tokens import TrainableTokensLayer

    layer = next(one for one in model.modules() if isinstance(one, TrainableTokensLayer) and one.tied_adapter is None)
    return layer.trainable_tokens_delta["default"]
