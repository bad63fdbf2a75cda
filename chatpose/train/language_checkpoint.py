"""Checkpoints of PoseLM's training: what is trained, the optimiser, where in the data every process is.

One safetensors file, written beside and renamed, so that a full disk or a broken run leaves the one before. The frozen
base isn't in it. Tensors that are spread over processes (FSDP) are gathered; a run goes on with as many processes as it
began with, because each has its own share of the data.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from chatpose.errors import UnreadableFileError, UnwritableFileError
from chatpose.safefiles import atomic_write, checked_file, made_folder

CHECKPOINT_NAME = "language.safetensors"
MAX_CHECKPOINT_BYTES = 64 * 2**30
_ADAM = ("step", "exp_avg", "exp_avg_sq")


def trained(model: nn.Module) -> dict[str, nn.Parameter]:
    """The parameters that are learned, by name, each once."""
    return {name: one for name, one in model.named_parameters() if one.requires_grad}


def whole(tensor: Tensor) -> Tensor:
    """On the CPU, gathered where processes hold parts of it; all of them have to ask."""
    gather = getattr(tensor, "full_tensor", None)
    return (tensor if gather is None else gather()).detach().cpu().contiguous()


def state_of(parameters: Mapping[str, nn.Parameter], optimizer: torch.optim.Optimizer) -> Iterator[tuple[str, Tensor]]:
    """What the next step depends on, one tensor after the other.

    Raises:
        ValueError: a parameter that isn't the optimiser's.
    """
    _check_same(parameters, optimizer)
    for name, parameter in parameters.items():
        yield f"model.{name}", whole(parameter)
        for kind, value in optimizer.state.get(parameter, {}).items():
            yield f"adam.{kind}.{name}", whole(value)


def save_checkpoint(folder: Path, tensors: Mapping[str, Tensor], facts: Mapping[str, Any]) -> None:
    """Writes the checkpoint, whole or not at all.

    Args:
        folder: made when it isn't there.
        tensors: of `state_of`.
        facts: plain values.

    Raises:
        UnwritableFileError: no permission, or the disk is full; the checkpoint before is still there.
    """
    path = made_folder(folder) / CHECKPOINT_NAME
    told = {name: json.dumps(value) for name, value in facts.items()}
    # Tied parameters may share memory, which the format refuses.
    separate = {name: tensor.clone() for name, tensor in tensors.items()}
    with atomic_write(path) as temporary:
        try:
            save_file(separate, temporary, metadata=told)
        except SafetensorError as error:
            raise UnwritableFileError(f"can't write {path}: {error}", fix="free some space") from error


def read_checkpoint(folder: Path) -> tuple[dict[str, Tensor], dict[str, Any]] | None:
    """Tensors and facts of a folder; None when there is no checkpoint.

    Raises:
        UnreadableFileError: it is damaged.
    """
    path = folder / CHECKPOINT_NAME
    if not path.exists():
        return None
    checked_file(path, max_bytes=MAX_CHECKPOINT_BYTES, kind="a checkpoint")
    try:
        with safe_open(path, framework="pt") as file:
            told = {name: json.loads(value) for name, value in (file.metadata() or {}).items()}
            tensors = {name: file.get_tensor(name).clone() for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, ValueError) as error:
        raise UnreadableFileError(f"{path} is damaged: {error}", fix="remove it and begin anew") from error
    return tensors, told


def restore(
    tensors: Mapping[str, Tensor], parameters: Mapping[str, nn.Parameter], optimizer: torch.optim.Optimizer
) -> None:
    """Puts a checkpoint's tensors where they were.

    Raises:
        UnreadableFileError: they aren't those of this model.
        ValueError: a parameter that isn't the optimiser's.
    """
    _check_same(parameters, optimizer)
    stored = {name.removeprefix("model.") for name in tensors if name.startswith("model.")}
    if stored != set(parameters):
        other = sorted(stored ^ set(parameters))
        raise UnreadableFileError(f"the checkpoint has other parameters: {', '.join(other[:3])}", fix="begin anew")
    with torch.no_grad():
        for name, parameter in parameters.items():
            value = tensors[f"model.{name}"]
            if value.shape != parameter.shape:
                raise UnreadableFileError(f"{name} is {tuple(value.shape)}", expected=str(tuple(parameter.shape)))
            parameter.copy_(_like(parameter, value))
            kinds = [kind for kind in _ADAM if f"adam.{kind}.{name}" in tensors]
            optimizer.state[parameter] = {
                # AdamW counts its steps on the CPU.
                kind: tensors[f"adam.{kind}.{name}"].clone()
                if kind == "step"
                else _like(parameter, tensors[f"adam.{kind}.{name}"])
                for kind in kinds
            }


def _check_same(parameters: Mapping[str, nn.Parameter], optimizer: torch.optim.Optimizer) -> None:
    """Wrappers exchange parameters; what belongs to another one would be lost without a word."""
    known = {id(one) for group in optimizer.param_groups for one in group["params"]}
    strange = [name for name, one in parameters.items() if id(one) not in known]
    if strange:
        raise ValueError(f"{strange[0]} and {len(strange) - 1} more aren't the optimiser's parameters")


def _like(parameter: Tensor, value: Tensor) -> Tensor:
    """On the parameter's device, and spread over processes as it is."""
    if hasattr(parameter, "device_mesh"):
        from torch.distributed.tensor import distribute_tensor

        return distribute_tensor(value.to(parameter.device), parameter.device_mesh, parameter.placements)  # pyright: ignore
    return value.to(parameter.device, copy=True)
