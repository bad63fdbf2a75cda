"""The one save format of trained parts: a folder with `config.json`, `model.safetensors` and a card, `README.md`.

A part is a frozen dataclass of settings and named tensors; the settings say which tensors there have to be. Loading is
strict: what is missing, left over or of another shape or type is refused by name, never filled in or cut to fit.
`config.json` carries the fingerprint of settings and tensors together, so files of two checkpoints don't mix.
"""

import contextlib
import dataclasses
import hashlib
import json
import math
import secrets
import shutil
import types
import typing
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Generic, Literal, NamedTuple, Self, TypeVar, Union

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from chatpose.errors import ChatposeError, MissingFileError, TooLargeError, UnreadableFileError, UnwritableFileError
from chatpose.safefiles import checked_file, read_limited

CONFIG_NAME, TENSORS_NAME, CARD_NAME = "config.json", "model.safetensors", "README.md"
FILE_NAMES = frozenset((CONFIG_NAME, TENSORS_NAME, CARD_NAME))

MAX_CONFIG_BYTES = 2**20
MAX_TENSOR_BYTES = 64 * 2**20
"""Default limit of `model.safetensors`; every embedded part is smaller."""

_DTYPES: dict[str, torch.dtype] = {
    "F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16, "I64": torch.int64,
    "I32": torch.int32, "I16": torch.int16, "I8": torch.int8, "U8": torch.uint8, "BOOL": torch.bool,
}  # fmt: skip
_HEAD = ("kind", "version", "fingerprint")


class TensorSpec(NamedTuple):
    """What a stored tensor has to be."""

    shape: tuple[int, ...]
    dtype: torch.dtype = torch.float32

    def __str__(self) -> str:
        return f"{str(self.dtype).removeprefix('torch.')} {self.shape}"


@dataclass(frozen=True)
class PretrainedConfig:
    """Base of all settings: frozen dataclasses of bool, int, float, str, tuple, dict, Literal, None and each other.

    Attributes:
        KIND: what the part is, "pose_prior"; a folder of another kind is refused.
        VERSION: of the settings' meaning; raised when an old folder can't be used as it is.
    """

    KIND: ClassVar[str]
    VERSION: ClassVar[int] = 1


ConfigT = TypeVar("ConfigT", bound=PretrainedConfig)


class Pretrained(ABC, Generic[ConfigT]):
    """Base of whatever is trained and saved. Subclasses set `config_type` and say which tensors they hold."""

    config_type: ClassVar[type[PretrainedConfig]]
    max_tensor_bytes: ClassVar[int] = MAX_TENSOR_BYTES
    config: ConfigT

    @classmethod
    @abstractmethod
    def tensor_specs(cls, config: ConfigT) -> Mapping[str, TensorSpec]:
        """The tensors that settings ask for, by name."""

    @classmethod
    @abstractmethod
    def from_tensors(cls, config: ConfigT, tensors: Mapping[str, Tensor]) -> Self:
        """Builds the part, ready for use, from tensors that were checked against `tensor_specs`."""

    @abstractmethod
    def tensors(self) -> Mapping[str, Tensor]:
        """The tensors as they are stored."""

    def save_pretrained(self, folder: str | Path, card: str) -> None:
        """Writes the folder, replacing an earlier checkpoint there; on any failure that one stays as it was.

        Args:
            folder: new, empty, or holding a checkpoint and nothing else.
            card: text of `README.md`: what it is, origin, licence, command, figures.

        Raises:
            UnwritableFileError: the folder holds other files, can't be written, or the disk is full.
            UnreadableFileError: own tensors don't fit own settings; nothing is written.
        """
        tensors = {name: tensor.detach().cpu() for name, tensor in self.tensors().items()}
        path = Path(folder) / TENSORS_NAME
        _check_specs(path, {name: _spec(tensor) for name, tensor in tensors.items()}, self.tensor_specs(self.config))
        _check_finite(path, tensors)
        write_checkpoint(Path(folder), self.config, tensors, card)

    @classmethod
    def from_pretrained(cls, folder: str | Path) -> Self:
        """Loads a folder that `save_pretrained` wrote.

        Raises:
            MissingFileError: no such folder, or one of its files isn't there.
            UnreadableFileError: another kind or version, unknown or wrong settings, tensors that are missing, left
                over, of another shape or type, not finite, damaged, or of another checkpoint.
            TooLargeError: beyond `max_tensor_bytes`.
        """
        folder = Path(folder)
        stored = _read_json(folder)
        config = typing.cast(ConfigT, config_from_dict(cls.config_type, stored, str(folder / CONFIG_NAME)))
        path = folder / TENSORS_NAME
        tensors = _read_tensors(path, cls.tensor_specs(config), cls.max_tensor_bytes)
        if stored["fingerprint"] != fingerprint(config, tensors):
            raise UnreadableFileError(
                f"{path} and {CONFIG_NAME} don't belong together", expected="both of one checkpoint, unchanged"
            )
        return cls.from_tensors(config, tensors)

    @property
    def fingerprint(self) -> str:
        """Hexadecimal SHA-256 of settings and tensors, the same in every process; computed anew each time."""
        return fingerprint(self.config, self.tensors())


class PretrainedModule(nn.Module, Pretrained[ConfigT]):
    """A torch module built from its settings alone: `cls(config)`. Its state dictionary is what is stored.

    Attributes:
        stored_dtype: what floating-point tensors are stored as; the module's own type when None.
    """

    stored_dtype: ClassVar[torch.dtype | None] = None

    def __init__(self, config: ConfigT) -> None:
        super().__init__()
        self.config = config

    @classmethod
    def tensor_specs(cls, config: ConfigT) -> Mapping[str, TensorSpec]:
        """The state dictionary of a module that is built without memory."""
        with torch.device("meta"):
            module = cls(config)
        return {name: _spec(tensor, cls.stored_dtype) for name, tensor in module.state_dict().items()}

    @classmethod
    def from_tensors(cls, config: ConfigT, tensors: Mapping[str, Tensor]) -> Self:
        """The module in evaluation mode; the random state of the process isn't touched."""
        with torch.random.fork_rng(devices=[]):
            module = cls(config)
        module.load_state_dict(dict(tensors), strict=True)
        return module.eval()

    def tensors(self) -> Mapping[str, Tensor]:
        """The state dictionary in the stored type."""
        state = self.state_dict()
        return {name: tensor.to(_spec(tensor, self.stored_dtype).dtype) for name, tensor in state.items()}


def fingerprint(config: PretrainedConfig, tensors: Mapping[str, Tensor]) -> str:
    """Hexadecimal SHA-256 over settings, names, types, shapes and values; the order of tensors doesn't matter."""
    digest = hashlib.sha256(_json(config_to_dict(config)).encode())
    for name in sorted(tensors):
        tensor = tensors[name].detach().cpu().contiguous()
        digest.update(f"\n{name} {_spec(tensor)}\n".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def write_checkpoint(folder: Path, config: PretrainedConfig, tensors: Mapping[str, Tensor], card: str) -> None:
    """Writes the three files into a new folder beside and puts it in the place of the old one.

    Raises:
        UnwritableFileError: as `Pretrained.save_pretrained`.
    """
    if not card.strip():
        raise UnwritableFileError("the card is empty", expected="origin, licence, command and figures")
    stored = {**config_to_dict(config), "fingerprint": fingerprint(config, tensors)}
    if config_from_dict(type(config), stored, CONFIG_NAME) != config:
        raise TypeError(f"{config!r} is another after JSON")
    separate = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in tensors.items()}
    with replaced_folder(folder) as new:
        (new / TENSORS_NAME).write_bytes(save(separate, metadata={"format": "pt"}))
        (new / CONFIG_NAME).write_text(json.dumps(stored, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        (new / CARD_NAME).write_text(card, encoding="utf-8")


# --- settings --------------------------------------------------------------------------------------------------------


def config_to_dict(config: PretrainedConfig) -> dict[str, Any]:
    """Plain values for JSON, `kind` and `version` first."""
    return {"kind": config.KIND, "version": config.VERSION, **dataclasses.asdict(config)}


def config_from_dict(config_type: type[ConfigT], stored: Mapping[str, Any], where: str) -> ConfigT:
    """Settings from plain values, every key and type checked.

    Args:
        config_type: the dataclass.
        stored: what `config_to_dict` gave, with or without a fingerprint.
        where: what messages call the source.

    Raises:
        UnreadableFileError: another kind or version; an unknown, missing or wrong key, by name.
    """
    for key, needed in (("kind", config_type.KIND), ("version", config_type.VERSION)):
        if stored.get(key) != needed or isinstance(stored.get(key), bool):
            raise UnreadableFileError(f"{where}: {key} is {stored.get(key)!r:.80}", expected=repr(needed))
    fields = {key: value for key, value in stored.items() if key not in _HEAD}
    return _decode_dataclass(fields, config_type, where)


def _decode_dataclass(stored: Any, wanted: type[Any], where: str) -> Any:
    if not isinstance(stored, Mapping):
        raise _wrong(where, stored, "an object")
    hints = typing.get_type_hints(wanted)
    names = [field.name for field in dataclasses.fields(wanted)]
    for kind, keys in (("unknown", stored.keys() - names), ("missing", names - stored.keys())):
        if keys:
            raise UnreadableFileError(f"{where}: {kind} {', '.join(sorted(keys))}", expected=", ".join(names))
    values = {name: _decode(stored[name], hints[name], f"{where}: {name}") for name in names}
    try:
        return wanted(**values)
    except ChatposeError:
        raise
    except (ValueError, TypeError) as error:
        raise UnreadableFileError(f"{where}: {error}") from error


def _decode(value: Any, wanted: Any, where: str) -> Any:
    """A JSON value as the annotated type; nothing is converted but int to float and list to tuple."""
    origin, options = typing.get_origin(wanted), typing.get_args(wanted)
    if dataclasses.is_dataclass(wanted) and isinstance(wanted, type):
        return _decode_dataclass(value, wanted, where)
    if origin is Literal:
        if not any(value == option and type(value) is type(option) for option in options):
            raise _wrong(where, value, f"one of {', '.join(map(repr, options))}")
        return value
    if origin in (Union, types.UnionType):
        return _decode_optional(value, options, where)
    if origin is tuple:
        return _decode_tuple(value, options, where)
    if origin is dict:
        if not isinstance(value, dict):
            raise _wrong(where, value, "an object")
        return {key: _decode(item, options[1], f"{where}.{key}") for key, item in value.items()}
    if wanted is float and type(value) is int:
        return float(value)
    if wanted not in (bool, int, float, str):
        raise TypeError(f"{where}: settings can't hold {wanted}")
    if type(value) is not wanted or (isinstance(value, float) and not math.isfinite(value)):
        raise _wrong(where, value, {bool: "true or false", int: "a whole number", str: "text"}.get(wanted, "a number"))
    return value


def _decode_optional(value: Any, options: tuple[Any, ...], where: str) -> Any:
    """Only "this or nothing" unions; others couldn't be told apart in JSON."""
    inner = [option for option in options if option is not type(None)]
    if len(inner) != 1 or len(options) != 2:
        raise TypeError(f"{where}: settings can't hold a union of {options}")
    return None if value is None else _decode(value, inner[0], where)


def _decode_tuple(value: Any, options: tuple[Any, ...], where: str) -> tuple[Any, ...]:
    if not isinstance(value, list | tuple):
        raise _wrong(where, value, "a list")
    if len(options) == 2 and options[1] is Ellipsis:
        options = (options[0],) * len(value)
    if len(value) != len(options):
        raise _wrong(where, value, f"{len(options)} values")
    return tuple(_decode(item, kind, f"{where}[{place}]") for place, (item, kind) in enumerate(zip(value, options)))  # noqa: B905


def _wrong(where: str, value: Any, expected: str) -> UnreadableFileError:
    return UnreadableFileError(f"{where} is {value!r:.80}", expected=expected)


# --- reading ---------------------------------------------------------------------------------------------------------


def _read_json(folder: Path) -> dict[str, Any]:
    if not folder.is_dir():
        raise MissingFileError(f"no folder {folder}", expected=f"a folder with {CONFIG_NAME} and {TENSORS_NAME}")
    path = folder / CONFIG_NAME
    with _own_words():
        text = read_limited(path, max_bytes=MAX_CONFIG_BYTES)
    try:
        stored = json.loads(text.decode("utf-8"), object_pairs_hook=_unique_keys, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise UnreadableFileError(f"{path} isn't sound JSON: {error}", expected="what save_pretrained wrote") from error
    if not isinstance(stored, dict) or not isinstance(stored.get("fingerprint"), str):
        raise UnreadableFileError(f"{path} has no fingerprint", expected="what save_pretrained wrote")
    return stored


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key is there twice")
    return found


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no number")


def _read_tensors(path: Path, specs: Mapping[str, TensorSpec], max_bytes: int) -> dict[str, Tensor]:
    """Tensors that are exactly those of `specs`; names, shapes and types are judged before any value is read."""
    with _own_words():
        checked_file(path, max_bytes=max_bytes)
    try:
        with safe_open(path, framework="pt") as file:
            slices = {name: file.get_slice(name) for name in file.keys()}  # noqa: SIM118  (not a mapping)
            found = {name: _sliced_spec(path, name, part) for name, part in slices.items()}
            _check_specs(path, found, specs)
            # Copies: what is mapped from the file would change or vanish with it.
            tensors = {name: file.get_tensor(name).clone() for name in found}
    except (SafetensorError, OSError) as error:
        if isinstance(error, ChatposeError):
            raise
        raise UnreadableFileError(
            f"{path} is damaged: {error}", expected="a whole safetensors file", fix="fetch or train it anew"
        ) from error
    _check_finite(path, tensors)
    return tensors


def _sliced_spec(path: Path, name: str, part: Any) -> TensorSpec:
    dtype = str(part.get_dtype())
    if dtype not in _DTYPES:
        raise UnreadableFileError(f"{path}: {name} is of type {dtype}", expected=f"one of {', '.join(_DTYPES)}")
    return TensorSpec(tuple(part.get_shape()), _DTYPES[dtype])


def _check_specs(path: Path, found: Mapping[str, TensorSpec], specs: Mapping[str, TensorSpec]) -> None:
    wrong = [f"{name} is {found[name]}" for name in sorted(found.keys() & specs.keys()) if found[name] != specs[name]]
    missing, extra = sorted(specs.keys() - found.keys()), sorted(found.keys() - specs.keys())
    parts = [f"it lacks {_listed(missing)}"] if missing else []
    parts += [f"{_listed(extra)} too much"] if extra else []
    parts += [_listed(wrong)] if wrong else []
    if parts:
        needed = sorted({*missing, *(text.split(" is ")[0] for text in wrong)})
        expected = _listed([f"{name}: {specs[name]}" for name in needed]) or "nothing beside what the config asks for"
        raise UnreadableFileError(f"{path} doesn't fit its config: {', '.join(parts)}", expected=expected)


def _listed(names: list[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def _check_finite(path: Path, tensors: Mapping[str, Tensor]) -> None:
    for name, tensor in tensors.items():
        if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()):
            raise UnreadableFileError(f"{path}: {name} holds NaN or infinite values", expected="finite numbers")


def _spec(tensor: Tensor, stored: torch.dtype | None = None) -> TensorSpec:
    return TensorSpec(tuple(tensor.shape), stored if stored and tensor.is_floating_point() else tensor.dtype)


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


@contextlib.contextmanager
def _own_words() -> Iterator[None]:
    """File errors that speak of checkpoints instead of pose files."""
    try:
        yield
    except ChatposeError as error:
        expected = error.expected if isinstance(error, TooLargeError) else "a file of a checkpoint"
        raise type(error)(error.got, expected=expected, fix="check the folder") from error


# --- replacing a folder ----------------------------------------------------------------------------------------------


@contextlib.contextmanager
def replaced_folder(folder: Path, names: Collection[str] = FILE_NAMES) -> Iterator[Path]:
    """Gives an empty folder beside; on success it takes the place of `folder`, on any error it is removed.

    A folder can't be exchanged in one step everywhere: between the two renames the old one stands beside as
    `.chatpose-…-old`.

    Args:
        folder: new, empty, or holding an earlier one.
        names: of the files that an earlier one may hold.

    Raises:
        UnwritableFileError: the folder holds other files, can't be written, or the disk is full.
    """
    token = secrets.token_hex(4)
    try:
        folder = folder.resolve()
        _check_replaceable(folder, names)
        new = folder.parent / f".chatpose-{token}-new"
        new.mkdir()
    except (OSError, ValueError) as error:
        if isinstance(error, ChatposeError):
            raise
        raise UnwritableFileError(f"can't write {str(folder)[:200]}: {error}") from error
    try:
        yield new
        _exchange(new, folder, folder.parent / f".chatpose-{token}-old")
    except OSError as error:
        raise UnwritableFileError(f"can't write {folder}: {error.strerror or error}") from error
    finally:
        shutil.rmtree(new, ignore_errors=True)


def _check_replaceable(folder: Path, names: Collection[str]) -> None:
    if not folder.parent.is_dir():
        raise UnwritableFileError(f"no folder {folder.parent}", fix="make it first")
    if not folder.exists():
        return
    if not folder.is_dir():
        raise UnwritableFileError(f"{folder} is a file", expected="a folder")
    others = sorted(path.name for path in folder.iterdir() if path.name not in names)
    if others:
        raise UnwritableFileError(
            f"{folder} holds other files: {_listed(others)}", expected="a checkpoint or nothing", fix="name another"
        )


def _exchange(new: Path, folder: Path, old: Path) -> None:
    if not folder.exists():
        new.rename(folder)
        return
    folder.rename(old)
    try:
        new.rename(folder)
    except BaseException:
        old.rename(folder)
        raise
    shutil.rmtree(old, ignore_errors=True)
