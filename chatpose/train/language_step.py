"""One row through the model: what every learned token loses, and every regressed pose."""

import contextlib
import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from chatpose.train.language_loss import PoseErrors, pose_errors, token_losses
from chatpose.train.language_packing import Row


@dataclass(frozen=True, eq=False)
class RowResult:
    """What came of a row.

    Attributes:
        losses: (K,) negative log-likelihoods, unweighted.
        right: (K,) bool: the token was the likeliest.
        errors: of regressed poses; None with pose tokens.
    """

    losses: Tensor
    right: Tensor
    errors: PoseErrors | None


class LanguageStep(nn.Module):
    """The adapted model and the head of its poses as one module, so that wrappers for several GPUs see all of it.

    Args:
        model: with its adapter.
        base: the transformers model within.
        head: hidden states (P, width) to rotations (P, 24, 3, 3); none with pose tokens.
        reduced: compute in bfloat16.
    """

    def __init__(self, model: nn.Module, base: Any, head: nn.Module | None, reduced: bool) -> None:
        super().__init__()
        self.model = model
        self.head = head
        self.reduced = reduced
        self._base = [base]  # in a list: its parameters are the model's
        self._chooses = "logits_to_keep" in inspect.signature(type(base).forward).parameters

    @property
    def base(self) -> Any:
        """The transformers model."""
        return self._base[0]

    def forward(self, row: Row, only_logits: bool = False) -> RowResult | Tensor:
        """Gives what each token lost; or the (K, V) logits of the tokens to predict."""
        with torch.autocast(row.input_ids.device.type, torch.bfloat16, enabled=self.reduced):
            logits, hidden = self._run(row)
        if only_logits:
            return logits
        losses = token_losses(logits, row.targets)
        right = logits.detach().argmax(-1) == row.targets
        if self.head is None or hidden is None:
            return RowResult(losses, right, None)
        if not len(row.rotations):
            # The head takes part all the same: with several processes the others wait for its gradient.
            return RowResult(losses + 0 * sum(one.sum() for one in self.head.parameters()), right, None)
        return RowResult(losses, right, pose_errors(self.head(hidden.float()).float(), row.rotations))

    def _run(self, row: Row) -> tuple[Tensor, Tensor | None]:
        places = row.places if self.head is None else torch.cat([row.places, row.pose_places])
        kept: dict[str, Any] = {"logits_to_keep": places} if self._chooses else {}
        with _seen(self.base.get_output_embeddings(), self.head is not None) as seen:
            made = self.model(
                input_ids=row.input_ids, position_ids=row.position_ids, use_cache=False, **kept, **row.inputs
            ).logits[0]
        hidden = seen[0][0] if seen else None
        if not self._chooses:
            made = made[places]
            hidden = None if hidden is None else hidden[places]
        count = len(row.places)
        return made[:count], None if hidden is None else hidden[count:]


@contextlib.contextmanager
def _seen(module: nn.Module, wanted: bool) -> Iterator[list[Tensor]]:
    """What goes into a layer while this is open."""
    seen: list[Tensor] = []
    if not wanted:
        yield seen
        return
    hook = module.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    try:
        yield seen
    finally:
        hook.remove()
