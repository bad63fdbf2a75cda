"""Several conversations in one row of tokens, each as if it stood alone.

Every conversation's positions begin at 0 again. From that, transformers' masks keep them apart ("packed sequences" in
`transformers.masking_utils`; flash attention does it by the lengths), as long as no attention mask and no cache are
given. Whether a base really does is measured before the run (`packs`), on the base as it is: a base whose answers
change with what stands beside them gets its conversations one after the other instead.
"""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from chatpose.errors import ChatposeError

TOKENWISE = ("mm_token_type_ids", "token_type_ids")
"""Inputs beside the ids that have a value a token."""


class PackingError(ChatposeError, ValueError):
    """Conversations that can't stand in one row."""


@dataclass(frozen=True, eq=False)
class Example:
    """A conversation as a model learns it.

    Attributes:
        input_ids: (T,) int64.
        roles: (T,) int8, an index of `language_settings.ROLES`.
        weights: (T,) float32, of the loss of each token when it is predicted; 0 isn't learned.
        images: what the base's processor makes of its photos, by the names of the base's inputs.
        rotations: (P, 24, 3, 3) of the poses that are regressed, in the order of their tokens; empty with pose tokens.
        pose_places: (P,) where those tokens stand.
        number: of the conversation, for messages.
    """

    input_ids: Tensor
    roles: Tensor
    weights: Tensor
    images: Mapping[str, Tensor] = field(default_factory=dict)
    rotations: Tensor = field(default_factory=lambda: torch.zeros(0, 24, 3, 3))
    pose_places: Tensor = field(default_factory=lambda: torch.zeros(0, dtype=torch.long))
    number: int = -1

    def __len__(self) -> int:
        return len(self.input_ids)


@dataclass(frozen=True, eq=False)
class Row:
    """A packed row.

    Attributes:
        input_ids: (1, T).
        position_ids: (1, T), or (4, 1, T) where the base has positions in space: the first of them counts tokens.
        targets: (K,) the ids to predict.
        places: (K,) where they are predicted: one before they stand.
        weights: (K,) of their losses.
        roles: (K,) what they are.
        inputs: further inputs of the base.
        rotations: (P, 24, 3, 3) to regress.
        pose_places: (P,) where from.
        conversations: how many.
    """

    input_ids: Tensor
    position_ids: Tensor
    targets: Tensor
    places: Tensor
    weights: Tensor
    roles: Tensor
    inputs: Mapping[str, Tensor]
    rotations: Tensor
    pose_places: Tensor
    conversations: int

    @property
    def tokens(self) -> int:
        """How many."""
        return self.input_ids.shape[-1]

    def to(self, device: torch.device) -> "Row":
        """On a device."""
        moved: dict[str, Any] = {
            name: value.to(device, non_blocking=True) if isinstance(value, Tensor) else value
            for name, value in vars(self).items()
        }
        moved["inputs"] = {name: value.to(device, non_blocking=True) for name, value in self.inputs.items()}
        return Row(**moved)


def plan_rows(lengths: Sequence[int], size: int) -> list[list[int]]:
    """Which conversations stand together: the longest first, each into the first row that has room.

    Args:
        lengths: of the conversations; none above `size`.
        size: of a row.

    Returns:
        Indices by row. First fit decreasing needs at most 11/9 of the fewest rows, and 6/9 more (Dósa, The tight bound
        of first fit decreasing bin-packing algorithm, 2007).
    """
    rows: list[list[int]] = []
    room: list[int] = []
    for index in sorted(range(len(lengths)), key=lambda one: (-lengths[one], one)):
        if lengths[index] > size:
            raise PackingError(f"a conversation of {lengths[index]} tokens", expected=f"at most {size}")
        place = next((place for place, left in enumerate(room) if left >= lengths[index]), None)
        if place is None:
            rows.append([])
            room.append(size)
            place = len(rows) - 1
        rows[place].append(index)
        room[place] -= lengths[index]
    return rows


def pack(examples: Sequence[Example], positions: Sequence[Tensor] | None = None) -> Row:
    """One row of conversations.

    Args:
        examples: at least one.
        positions: (3, 1, T) of each where the base has positions in space (`spatial_positions`).

    Raises:
        PackingError: nothing to pack, or photos that don't go together.
    """
    if not examples:
        raise PackingError("a row of no conversations")
    starts = torch.tensor([0, *(len(one) for one in examples[:-1])]).cumsum(0).tolist()
    counted = torch.cat([torch.arange(len(one)) for one in examples])[None]
    position_ids = counted
    if positions is not None:
        position_ids = torch.cat([counted[None], torch.cat(list(positions), dim=-1)])
    ids = torch.cat([one.input_ids for one in examples])
    weights = torch.cat([_unseen_first(one.weights) for one in examples])
    learned = weights.nonzero()[:, 0]
    pose_places = [one.pose_places + start for one, start in zip(examples, starts, strict=True)]
    return Row(
        input_ids=ids[None],
        position_ids=position_ids,
        targets=ids[learned],
        places=learned - 1,
        weights=weights[learned],
        roles=torch.cat([one.roles for one in examples])[learned],
        inputs=_merged_inputs(examples),
        rotations=torch.cat([one.rotations for one in examples]),
        pose_places=torch.cat(pose_places),
        conversations=len(examples),
    )


def _unseen_first(weights: Tensor) -> Tensor:
    """Nothing predicts a conversation's first token; the token before it is another conversation's."""
    weights = weights.clone()
    weights[:1] = 0
    return weights


def _merged_inputs(examples: Sequence[Example]) -> dict[str, Tensor]:
    """Photos of all conversations as one batch of the base's inputs."""
    names = sorted({name for one in examples for name in one.images})
    merged: dict[str, Tensor] = {}
    for name in names:
        if name in TOKENWISE:
            rows = [one.images.get(name, torch.zeros(1, len(one), dtype=torch.long)) for one in examples]
            merged[name] = torch.cat(rows, dim=-1)
            continue
        parts = [one.images[name] for one in examples if name in one.images]
        axis = _photo_axis(name, parts[0], names)
        try:
            merged[name] = torch.cat(parts, dim=axis)
        except RuntimeError as error:
            raise PackingError(f"{name} of {' and '.join(str(tuple(part.shape)) for part in parts[:3])}") from error
    return merged


def _photo_axis(name: str, value: Tensor, names: Sequence[str]) -> int:
    """Idefics3 and SmolVLM have a conversation's photos along the second axis, others all photos along the first."""
    photos = name == "pixel_values" and value.dim() == 5
    masks = name == "pixel_attention_mask" and value.dim() == 4
    return 1 if (photos or masks) and "image_sizes" not in names else 0


# --- what a base can -------------------------------------------------------------------------------------------------


def spatial_positions(base: Any, example: Example) -> Tensor | None:
    """(3, 1, T) positions in time, height and width where a base has them (Qwen-VL); None where it counts tokens.

    Args:
        base: the transformers model, without an adapter around it.
        example: one conversation.
    """
    inner = getattr(base, "model", base)
    if not hasattr(inner, "get_rope_index"):
        return None
    ids = example.input_ids[None]
    known = inspect.signature(inner.get_rope_index).parameters
    given = {name: value for name, value in example.images.items() if name in known}
    if "mm_token_type_ids" in known:
        given.setdefault("mm_token_type_ids", torch.zeros_like(ids))
    positions, _ = inner.get_rope_index(ids, attention_mask=torch.ones_like(ids), **given)
    return positions


def packs(forward: Callable[[Row], Tensor], base: Any, examples: Sequence[Example], tolerance: float) -> bool:
    """Whether conversations in one row get the answers that each gets alone.

    Args:
        forward: gives the (K, V) logits of a row.
        base: the transformers model.
        examples: two or more, without dropout's chance in `forward`.
        tolerance: root mean square of the differences, as a share of the logits' own.
    """
    with torch.no_grad():
        try:
            together = forward(pack(examples, positions_of(base, examples)))
        except (PackingError, ValueError, RuntimeError, TypeError, IndexError):
            return False
        alone = torch.cat([forward(pack([one], positions_of(base, [one]))) for one in examples])
    if together.shape != alone.shape:
        return False
    apart = (together.float() - alone.float()).square().mean().sqrt()
    return bool(apart <= tolerance * alone.float().square().mean().sqrt())


def positions_of(base: Any, examples: Sequence[Example]) -> list[Tensor] | None:
    """`spatial_positions` of each; None where the base counts tokens."""
    found = [spatial_positions(base, one) for one in examples]
    known = [one for one in found if one is not None]
    return known if len(known) == len(found) else None
