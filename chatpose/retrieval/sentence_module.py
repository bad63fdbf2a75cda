"""The embedder's text side as a module of sentence-transformers.

`SentenceTransformer(folder, trust_remote_code=True)` gives vectors of texts; the code it asks to trust is this file.
Imported by sentence-transformers alone: nothing else in chatpose needs that package.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import torch
from sentence_transformers.base.modules import InputModule
from torch import Tensor

from chatpose.errors import UnwritableFileError
from chatpose.retrieval.embedder import Embedder
from chatpose.retrieval.embedding import DIMENSION


class PoseTextModule(InputModule):
    """Texts to vectors by the towers of a folder.

    Args:
        embedder: what does it.
    """

    save_in_root = False

    def __init__(self, embedder: Embedder) -> None:
        super().__init__()
        self.embedder = embedder
        self.towers = embedder.towers  # registered, so that the module has parameters and a device

    @property
    def tokenizer(self) -> None:  # type: ignore[override]
        """Texts are taken as they are."""
        return None

    def preprocess(self, inputs: Sequence[Any], prompt: str | None = None, **_: Any) -> dict[str, Any]:
        """Vectors already: the exchanged form of a sentence has to be read along with it."""
        texts = [f"{prompt or ''}{text}" for text in inputs]
        return {"sentence_embedding": torch.from_numpy(self.embedder.embed_texts(texts))}

    def forward(self, features: dict[str, Tensor | Any], **_: Any) -> dict[str, Tensor | Any]:
        """Nothing is left to do."""
        return features

    def get_embedding_dimension(self) -> int:
        """256."""
        return DIMENSION

    get_sentence_embedding_dimension = get_embedding_dimension

    def save(self, output_path: str, *args: Any, **kwargs: Any) -> None:
        """Not this way.

        Raises:
            UnwritableFileError: always; `Embedder.save_pretrained` writes the folder with its card.
        """
        raise UnwritableFileError("a sentence-transformers module of chatpose", fix="use Embedder.save_pretrained")

    @classmethod
    def load(cls, model_name_or_path: str, subfolder: str = "", *_: Any, **__: Any) -> Self:
        """Loads the towers of a folder."""
        return cls(Embedder.from_pretrained(Path(model_name_or_path) / subfolder))
