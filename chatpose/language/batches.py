"""Rendered conversations as one batch that a model can answer: padded on the left, with their photos."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import pad

from chatpose.language.rendering import Rendered

TOKENWISE = ("mm_token_type_ids", "token_type_ids")
"""Inputs beside the ids that have a value a token."""
_BY_CONVERSATION = {"pixel_values": 5, "pixel_attention_mask": 4}
"""Inputs of Idefics3 and SmolVLM, with so many axes: a conversation's photos along the second one."""


def left_padded(shown: Sequence[Rendered], pad_id: int) -> dict[str, Tensor]:
    """Inputs of a model, by name.

    Args:
        shown: at least one conversation.
        pad_id: what stands before shorter ones; it isn't attended to.
    """
    longest = max(len(one) for one in shown)

    def before(row: Tensor, value: int) -> Tensor:
        return pad(row, (longest - row.shape[-1], 0), value=value)

    inputs = {
        "input_ids": torch.stack([before(one.input_ids, pad_id) for one in shown]),
        "attention_mask": torch.stack([before(torch.ones(len(one), dtype=torch.long), 0) for one in shown]),
    }
    names = sorted({name for one in shown for name in one.images})
    several = "image_sizes" not in names  # LLaVA-NeXT has five axes too, its photos along the first one
    for name in names:
        if name in TOKENWISE:
            # Tokens behind the prompt, when there are any, are words.
            rows = [one.images.get(name, torch.zeros(1, 0, dtype=torch.long)) for one in shown]
            told = [pad(row[0], (0, len(one) - row.shape[-1])) for row, one in zip(rows, shown, strict=True)]
            inputs[name] = torch.stack([before(row, 0) for row in told])
        elif several and name in _BY_CONVERSATION and _any(shown, name).dim() == _BY_CONVERSATION[name]:
            inputs[name] = _stacked([one.images.get(name) for one in shown], _any(shown, name))
        else:
            inputs[name] = torch.cat([one.images[name] for one in shown if name in one.images])
    return inputs


def _any(shown: Sequence[Rendered], name: str) -> Tensor:
    return next(one.images[name] for one in shown if name in one.images)


def _stacked(parts: Sequence[Tensor | None], like: Tensor) -> Tensor:
    """(conversations, photos, …); photos that are all zeros are none to these models."""
    known = [part for part in parts if part is not None]
    shape = [max(part.shape[axis] for part in known) for axis in range(1, like.dim())]
    made = like.new_zeros(len(parts), *shape)
    for row, part in enumerate(parts):
        if part is not None:
            made[(row, *(slice(length) for length in part.shape[1:]))] = part[0]
    return made
