"""What is added to a base: LoRA on its linear layers, its rows of pose tokens; saved as one whole folder.

adapter_config.json, adapter_model.safetensors    as peft writes them
tokenizer and processor files                     of the base, with the pose words
chatpose.json                                     `PoseLMConfig`, and a fingerprint of settings and tensors
regression_head.safetensors                       with `mode="regression"` alone
README.md                                         the card
"""

import contextlib
import json
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from chatpose.errors import ChatposeError, MissingFileError, UnreadableFileError, UnwritableFileError
from chatpose.language.config import ALL_LINEAR, PoseLMConfig
from chatpose.language.rows import is_tied
from chatpose.optional import require_package
from chatpose.pose_tokenizer.vocabulary import PoseVocabulary
from chatpose.pretrained import config_from_dict, config_to_dict, fingerprint, replaced_folder
from chatpose.safefiles import checked_file, read_limited

CONFIG_NAME, CARD_NAME = "chatpose.json", "README.md"
PEFT_CONFIG_NAME, TENSORS_NAME = "adapter_config.json", "adapter_model.safetensors"
HEAD_NAME = "regression_head.safetensors"
MAX_JSON_BYTES = 2**20
MAX_TENSOR_BYTES = 2**36
_FILES = frozenset(
    [
        *(CONFIG_NAME, CARD_NAME, PEFT_CONFIG_NAME, TENSORS_NAME, HEAD_NAME),
        *("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"),
        *("tokenizer.model", "vocab.json", "merges.txt", "chat_template.jinja", "additional_chat_templates"),
        *("processor_config.json", "preprocessor_config.json", "video_preprocessor_config.json"),
    ]
)
_ADAPTER = "default"


def with_adapter(model: Any, config: PoseLMConfig, vocabulary: PoseVocabulary) -> Any:
    """A base with LoRA, which changes nothing yet, and trainable rows; a `peft.PeftModel`.

    Args:
        model: with rows of pose tokens.
        config: rank, scale and targets.
        vocabulary: of the pose tokens.
    """
    peft = require_package("peft", "language", "to adapt a language model")
    rows = list(range(vocabulary.first_id, vocabulary.first_id + len(vocabulary)))
    layers = [model.get_input_embeddings()] if is_tied(model) else [
        model.get_input_embeddings(), model.get_output_embeddings()
    ]  # fmt: skip
    settings = peft.LoraConfig(
        task_type="CAUSAL_LM",
        r=config.lora_rank,
        lora_alpha=config.lora_alpha,
        lora_dropout=config.lora_dropout,
        target_modules=_targets(model, config),
        trainable_token_indices={name_of(model, layer): rows for layer in layers},
    )
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "`is_gradient_checkpointing`", FutureWarning)  # between peft and transformers
        return peft.get_peft_model(model, settings)


def _targets(model: Any, config: PoseLMConfig) -> str | list[str]:
    """Every linear layer of the language model, as peft's regular expression; or names as they are given."""
    if config.lora_targets != (ALL_LINEAR,):
        return list(config.lora_targets)
    decoder = model.get_decoder()
    prefix = name_of(model, decoder)
    names = {
        name.rpartition(".")[2]
        for name, layer in decoder.named_modules()
        if isinstance(layer, nn.Linear) and layer is not model.get_output_embeddings()
    }
    start = rf"{prefix.replace('.', chr(92) + '.')}\." if prefix else ""
    return rf"{start}.*\b({'|'.join(sorted(names))})"


def name_of(model: Any, module: Any) -> str:
    """The dotted name of a part of a model; empty for the model itself."""
    return next(name for name, other in model.named_modules() if other is module)


def adapter_tensors(model: Any, state: Mapping[str, Tensor] | None = None) -> dict[str, Tensor]:
    """What is learned, by the names of peft's files, on the CPU.

    Args:
        model: of peft.
        state: its learned parameters by name, where the model holds only pieces of them (FSDP).
    """
    from peft import get_peft_model_state_dict

    found = get_peft_model_state_dict(model, state_dict=state, save_embedding_layers=False)
    return {name: tensor.detach().cpu().contiguous() for name, tensor in found.items()}


@contextlib.contextmanager
def rows_in_place(model: Any) -> Iterator[None]:
    """While this is open the learned rows stand in the matrices, which peft else copies for every token.

    The base's own rows come back as they were. Gradients need peft's way, and so do matrices spread over GPUs.
    """
    from peft.tuners.trainable_tokens import TrainableTokensLayer

    layers = [layer for layer in model.modules() if isinstance(layer, TrainableTokensLayer)]
    if torch.is_grad_enabled() or any(layer.merged or hasattr(layer.weight, "device_mesh") for layer in layers):
        yield
        return
    own = [layer for layer in layers if layer.tied_adapter is None]
    matrices = [cast(nn.Embedding, layer.get_base_layer()) for layer in own]
    kept = [matrix.weight.data for matrix in matrices]
    try:
        for layer in own:
            layer.merge()
        for layer in layers:
            layer.merged_adapters[:] = layer.active_adapters
        yield
    finally:
        for matrix, weight in zip(matrices, kept, strict=True):
            matrix.weight.data = weight
        for layer in layers:
            layer.merged_adapters.clear()


# --- the folder ------------------------------------------------------------------------------------------------------


def is_adapter(folder: str | Path) -> bool:
    """Whether there is an adapter's folder."""
    return (Path(folder) / CONFIG_NAME).is_file()


def write_adapter(
    folder: Path,
    model: Any,
    words: Any,
    config: PoseLMConfig,
    card: str,
    tensors: Mapping[str, Tensor],
    head: Mapping[str, Tensor] | None,
) -> str:
    """Writes the folder beside and puts it in the place of an earlier one, which stays as it was on any failure.

    Args:
        folder: new, empty, or an earlier adapter.
        model: of peft.
        words: processor, or tokenizer without eyes.
        config: of it.
        card: text of README.md.
        tensors: of `adapter_tensors`.
        head: tensors of the regression head.

    Returns:
        The fingerprint.

    Raises:
        UnwritableFileError: the folder holds other files, can't be written, or the disk is full.
    """
    if not card.strip():
        raise UnwritableFileError("the card is empty", expected="origin, licence, command and figures")
    mark = adapter_fingerprint(config, tensors, head)
    with replaced_folder(folder, _FILES) as new:
        try:
            words.save_pretrained(new)
            model.peft_config[_ADAPTER].save_pretrained(new)
            (new / TENSORS_NAME).write_bytes(save(dict(tensors), metadata={"format": "pt"}))
            if head is not None:
                whole = {name: tensor.detach().cpu().contiguous() for name, tensor in head.items()}
                (new / HEAD_NAME).write_bytes(save(whole, metadata={"format": "pt"}))
            stored = {**config_to_dict(config), "fingerprint": mark}
            (new / CONFIG_NAME).write_text(json.dumps(stored, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
            (new / CARD_NAME).write_text(card.rstrip() + "\n", encoding="utf-8")
        except (OSError, ChatposeError):
            raise
        except Exception as error:  # the tokenizer's writer raises bare Exception when the disk is full
            if type(error) not in (Exception, SafetensorError):
                raise
            raise UnwritableFileError(f"can't write {folder}: {error}") from error
    return mark


def adapter_fingerprint(config: PoseLMConfig, tensors: Mapping[str, Tensor], head: Mapping[str, Tensor] | None) -> str:
    """Hexadecimal SHA-256 of settings and tensors."""
    return fingerprint(config, {**tensors, **{f"head.{name}": tensor for name, tensor in (head or {}).items()}})


def read_config(folder: Path) -> tuple[PoseLMConfig, str]:
    """Settings of an adapter's folder, and its fingerprint.

    Raises:
        MissingFileError: no such folder, or no adapter of chatpose.
        UnreadableFileError: damaged.
    """
    if not folder.is_dir():
        raise MissingFileError(f"no folder {folder}", expected=f"an adapter: {CONFIG_NAME}, {TENSORS_NAME}, …")
    path = folder / CONFIG_NAME
    try:
        stored = json.loads(read_limited(path, max_bytes=MAX_JSON_BYTES, kind="a file of an adapter"))
    except ChatposeError:
        raise
    except (ValueError, RecursionError) as error:
        raise UnreadableFileError(f"{path} isn't sound JSON: {error}", expected="what save_pretrained wrote") from error
    if not isinstance(stored, dict) or not isinstance(stored.get("fingerprint"), str):
        raise UnreadableFileError(f"{path} has no fingerprint", expected="what save_pretrained wrote")
    return config_from_dict(PoseLMConfig, stored, str(path)), stored["fingerprint"]


def load_tensors(folder: Path, model: Any, config: PoseLMConfig, mark: str, head: nn.Module | None) -> None:
    """Puts an adapter's tensors where they belong, strictly.

    Raises:
        MissingFileError: a file isn't there.
        UnreadableFileError: tensors that are missing, left over, of another shape, not finite, damaged or of another
            checkpoint.
    """
    from peft import set_peft_model_state_dict

    tensors = _read(folder / TENSORS_NAME, adapter_tensors(model))
    learned = None if head is None else _read(folder / HEAD_NAME, head.state_dict())
    if adapter_fingerprint(config, tensors, learned) != mark:
        raise UnreadableFileError(
            f"{folder}: {CONFIG_NAME} and the tensors don't belong together", expected="both of one adapter, unchanged"
        )
    told = set_peft_model_state_dict(model, tensors)
    if told.unexpected_keys:
        raise UnreadableFileError(f"{folder / TENSORS_NAME}: peft has no place for {told.unexpected_keys[0]}")
    if head is not None and learned is not None:
        head.load_state_dict(learned)


def _read(path: Path, expected: Mapping[str, Tensor]) -> dict[str, Tensor]:
    checked_file(path, max_bytes=MAX_TENSOR_BYTES, kind="a file of an adapter")
    try:
        with safe_open(path, framework="pt") as file:
            shapes = {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118
            _compare(path, shapes, {name: tuple(tensor.shape) for name, tensor in expected.items()})
            tensors = {name: file.get_tensor(name).clone() for name in shapes}
    except SafetensorError as error:
        raise UnreadableFileError(f"{path} is damaged: {error}", expected="a whole safetensors file") from error
    for name, tensor in tensors.items():
        if not bool(torch.isfinite(tensor).all()):
            raise UnreadableFileError(f"{path}: {name} holds NaN or infinite values", expected="finite numbers")
    return tensors


def _compare(path: Path, found: Mapping[str, tuple[int, ...]], expected: Mapping[str, tuple[int, ...]]) -> None:
    for what, names in (("lacks", expected.keys() - found.keys()), ("has, too much,", found.keys() - expected.keys())):
        if names:
            more = f" and {len(names) - 1} more" if len(names) > 1 else ""
            raise UnreadableFileError(f"{path} {what} {sorted(names)[0]}{more}", expected="what the settings ask for")
    wrong = [name for name in sorted(found) if found[name] != expected[name]]
    if wrong:
        name = wrong[0]
        raise UnreadableFileError(f"{path}: {name} is {found[name]}", expected=str(expected[name]))
