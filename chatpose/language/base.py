"""The model that is adapted: loaded with its tokenizer and processor, and recognised again.

A base is recognised by its structure (sizes and ties, hashed) and by a few weights, compared with the tolerance of
bfloat16: neither the precision it is loaded in nor the version of transformers matters.
"""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn

from chatpose.errors import MissingExtraError, MissingFileError, UnreadableFileError
from chatpose.language.config import PoseLMConfig, PoseLMError
from chatpose.language.nano.registration import register
from chatpose.language.processors import load_processor
from chatpose.language.rows import is_tied
from chatpose.optional import require_package

DTYPES = ("auto", "float32", "bfloat16", "float16")
_SAMPLES = 32
_TOLERANCE = 0.01
"""Of a sampled weight: bfloat16 rounds by 0.4 %."""
_SIZES = (
    "model_type", "hidden_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads", "intermediate_size",
    "depth", "num_heads", "patch_size", "image_size",
)  # fmt: skip


@dataclass(eq=False)
class Base:
    """A base as it was found.

    Attributes:
        model: of transformers, its weights frozen.
        tokenizer: fast.
        processor: of photos; None without eyes.
    """

    model: Any
    tokenizer: Any
    processor: Any | None


def load_base(
    source: str,
    *,
    dtype: str = "auto",
    quantize: Literal["4bit"] | None = None,
    device: str | torch.device | None = None,
    trust_remote_code: bool = False,
) -> Base:
    """Loads a base by hub name or folder.

    Args:
        source: `Qwen/Qwen2.5-VL-3B-Instruct`, or a folder.
        dtype: of its weights, one of `DTYPES`; "auto" is as they are stored.
        quantize: "4bit" stores linear layers in 4 bits (NF4); needs bitsandbytes.
        device: a GPU where there is one, else the CPU, when absent.
        trust_remote_code: let the base's own code run.

    Raises:
        MissingExtraError: a package isn't installed.
        MissingFileError: no such base, here or on the hub.
        UnreadableFileError: damaged, or of a kind that transformers can't load.
        PoseLMError: a precision that there isn't, or a base that doesn't write text.
    """
    transformers = require_package("transformers", "language", "to load a language model")
    if dtype not in DTYPES:
        raise PoseLMError(f"dtype {dtype!r}", expected=", ".join(DTYPES))
    register()
    device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
    options: dict[str, Any] = {"trust_remote_code": trust_remote_code}
    try:
        config = transformers.AutoConfig.from_pretrained(source, **options)
        kind = _model_class(transformers, config, source)
        how: dict[str, Any] = {"dtype": dtype if dtype == "auto" else getattr(torch, dtype)}
        if quantize is not None:
            how |= {"quantization_config": _four_bits(transformers), "device_map": {"": device}}
        model = kind.from_pretrained(source, **how, **options)
        tokenizer = transformers.AutoTokenizer.from_pretrained(source, **options)
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise _told(source, error) from error
    model.requires_grad_(False)
    model.eval()
    processor = load_processor(source, tokenizer, **options) if _has_eyes(config) else None
    return Base(model if quantize else model.to(device), tokenizer, processor)


def load_words(source: str, *, trust_remote_code: bool = False) -> tuple[Any, Any | None]:
    """Tokenizer and processor of a base, without its weights; no processor without eyes.

    Raises:
        MissingExtraError: a package isn't installed.
        MissingFileError: no such base, here or on the hub.
        UnreadableFileError: damaged.
    """
    transformers = require_package("transformers", "language", "to read with a language model's tokenizer")
    register()
    options: dict[str, Any] = {"trust_remote_code": trust_remote_code}
    try:
        config = transformers.AutoConfig.from_pretrained(source, **options)
        tokenizer = transformers.AutoTokenizer.from_pretrained(source, **options)
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise _told(source, error) from error
    return tokenizer, load_processor(source, tokenizer, **options) if _has_eyes(config) else None


def _has_eyes(config: Any) -> bool:
    return getattr(config, "vision_config", None) is not None


def _model_class(transformers: Any, config: Any, source: str) -> Any:
    auto = transformers.models.auto.modeling_auto
    remote = getattr(config, "auto_map", None) or {}
    names = ("AutoModelForImageTextToText",) if _has_eyes(config) else ("AutoModelForCausalLM",)
    known = auto.MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING if _has_eyes(config) else auto.MODEL_FOR_CAUSAL_LM_MAPPING
    if type(config) not in known and not any(name in remote for name in names):
        raise PoseLMError(
            f"{source} is a {config.model_type}", expected="a language model that writes text, with or without eyes"
        )
    return getattr(transformers, names[0])


def _four_bits(transformers: Any) -> Any:
    require_package("bitsandbytes", "language", "to load a base in 4 bits")
    return transformers.BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16,
    )


def _told(source: str, error: Exception) -> Exception:
    if isinstance(error, PoseLMError | MissingExtraError):
        return error
    reason = " ".join(str(error).split())[:300]
    if isinstance(error, OSError):
        return MissingFileError(
            f"no base {source}: {reason}",
            expected="the folder of a model, or its name on the hub",
            fix="check the name, or fetch the folder on a machine with a network",
        )
    return UnreadableFileError(f"the base {source} can't be loaded: {reason}", expected="a model of transformers")


# --- recognising -----------------------------------------------------------------------------------------------------


def base_hash(model: Any, rows: int) -> str:
    """Hexadecimal SHA-256 of a base's structure.

    Args:
        model: without pose rows.
        rows: tokens of its tokenizer.
    """
    config = model.config
    parts = {"text": config.get_text_config(), "vision": getattr(config, "vision_config", None)}
    sizes: dict[str, Any] = {
        name: {key: _plain(getattr(part, key, None)) for key in _SIZES} for name, part in parts.items() if part
    }
    sizes |= {"model_type": config.model_type, "tied": is_tied(model), "tokens": rows}
    return hashlib.sha256(json.dumps(sizes, sort_keys=True).encode()).hexdigest()


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, list | tuple) else value if isinstance(value, int | str) else None


def base_sample(model: Any, rows: int) -> dict[str, tuple[float, ...]]:
    """A few weights by where they are from; those that are stored in 4 bits are left out.

    Args:
        model: without pose rows.
        rows: tokens of its tokenizer.
    """
    sample = {"embedding": _picked(model.get_input_embeddings().weight[:rows])}
    layers = getattr(model.get_decoder(), "layers", None)
    if isinstance(layers, nn.ModuleList) and len(layers):
        middle = layers[len(layers) // 2]
        matrix = next((one.weight for one in middle.modules() if isinstance(one, nn.Linear)), None)
        if matrix is not None and matrix.is_floating_point() and matrix.dim() == 2:
            sample["middle layer"] = _picked(matrix)
    return sample


def _picked(weight: Tensor) -> tuple[float, ...]:
    """Numbers from all over a matrix."""
    rows, columns = weight.shape
    at = torch.arange(_SAMPLES)
    places = (at * rows // _SAMPLES).clamp_max(rows - 1), (at * 7919 + 13) % columns
    return tuple(float(f"{number:.6g}") for number in weight.detach()[places].float().tolist())


def check_base(config: PoseLMConfig, model: Any, rows: int, source: str) -> None:
    """Refuses a base that an adapter wasn't made for.

    Raises:
        PoseLMError: saying both.
    """
    found = base_hash(model, rows)
    if found != config.base_hash:
        raise PoseLMError(
            f"the adapter was made for {config.base} (structure {config.base_hash[:12]})",
            expected=f"one for {source} (structure {found[:12]})",
            fix="load it on its own base",
        )
    where = _apart(config.base_sample, base_sample(model, rows))
    if where:
        raise PoseLMError(
            f"the adapter was made for {config.base}, whose {where} has other weights",
            expected=f"one for {source}",
            fix="load it on its own base, the same revision",
        )


def _apart(stored: Mapping[str, tuple[float, ...]], found: Mapping[str, tuple[float, ...]]) -> str:
    for name in stored.keys() & found.keys():
        pairs = list(zip(stored[name], found[name], strict=False))
        size = math.sqrt(sum(first**2 for first, _ in pairs) / max(len(pairs), 1))
        if any(abs(first - second) > _TOLERANCE * (abs(first) + 0.1 * size) for first, second in pairs):
            return name
    return ""
