"""The base's folder: our own weights in half precision, settings, tokenizer and card."""

import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save
from torch import Tensor

from chatpose.errors import UnwritableFileError
from chatpose.pretrained import replaced_folder

TENSORS_NAME, CONFIG_NAME, CARD_NAME = "model.safetensors", "config.json", "README.md"
FILES = frozenset(
    (TENSORS_NAME, CONFIG_NAME, CARD_NAME, "tokenizer.json", "tokenizer_config.json", "chat_template.jinja",
     "special_tokens_map.json", "generation_config.json")
)  # fmt: skip
_MADE = ("model.embed_tokens.weight", "lm_head.weight")
"""Made when the model is loaded."""


def base_tensors(model: Any) -> dict[str, Tensor]:
    """What is stored, in half precision."""
    state = model.state_dict()
    return {
        name: tensor.detach().cpu().to(torch.float16).contiguous()
        for name, tensor in state.items()
        if name not in _MADE
    }


def save_base(folder: Path, model: Any, tokenizer: Any, card: str) -> None:
    """Writes the folder beside and puts it in the place of an earlier one.

    Args:
        folder: new, empty, or an earlier base.
        model: `NanoForCausalLM` without pose rows.
        tokenizer: of `build_tokenizer`.
        card: text of README.md.

    Raises:
        UnwritableFileError: the folder holds other files, can't be written, or the disk is full.
    """
    if not card.strip():
        raise UnwritableFileError("the card is empty", expected="origin, licence, command and figures")
    with replaced_folder(folder, FILES) as new:
        tokenizer.save_pretrained(new)
        settings = model.config.to_dict() | {"architectures": [type(model).__name__], "dtype": "float32"}
        settings.pop("transformers_version", None)
        (new / CONFIG_NAME).write_text(json.dumps(settings, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        (new / TENSORS_NAME).write_bytes(save(base_tensors(model), metadata={"format": "pt"}))
        (new / CARD_NAME).write_text(card.rstrip() + "\n", encoding="utf-8")
