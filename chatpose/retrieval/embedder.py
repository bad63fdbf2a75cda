"""`Embedder`: poses and texts into one space; loads the trained towers and, when a text comes, the language model."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
import torch
from torch import Tensor, nn

from chatpose.body.model import BodyModel
from chatpose.body.pose import Pose
from chatpose.body.skeleton import SMPL
from chatpose.errors import MissingFileError, UnreadableFileError
from chatpose.posecodes.phrasebook import exchange_words
from chatpose.pretrained import PretrainedConfig, PretrainedModule
from chatpose.resources import asset
from chatpose.retrieval.embedding import DIMENSION
from chatpose.retrieval.entry_words import EntryLift, EntryWords
from chatpose.retrieval.pose_features import PoseFeatures
from chatpose.retrieval.pose_tower import PoseTower
from chatpose.retrieval.text_models import MAX_CHARS, MINILM, MINILM_WIDTH, TextModel, open_text_model
from chatpose.retrieval.text_tower import TextTower
from chatpose.safefiles import atomic_write, made_folder

TOWERS_FOLDER = "1_PoseText"
_MODULES = [{"idx": 0, "name": "0", "path": TOWERS_FOLDER, "type": "chatpose.retrieval.sentence_module.PoseTextModule"}]
_POSES_AT_ONCE = 1024
_SENTENCES_AT_ONCE = 64


@dataclass(frozen=True)
class EmbedderConfig(PretrainedConfig):
    """Shape of the towers.

    Attributes:
        text_model: whose token states are read, see `text_models.open_text_model`.
        states_width: of these states.
        text_width: of the text tower.
        text_heads: of its attention.
        text_layers: its transformer layers.
        text_queries: its ways of pooling.
        middle_width: of what the pose tower keeps of the trunk, and of the head.
        limb_width: of what it keeps of an arm or a leg.
        pose_width: of its mixer.
        pose_blocks: of its mixer.
        dropout: while training.
    """

    KIND: ClassVar[str] = "pose_text_embedder"
    text_model: str = MINILM
    states_width: int = MINILM_WIDTH
    text_width: int = 256
    text_heads: int = 4
    text_layers: int = 1
    text_queries: int = 4
    middle_width: int = 64
    limb_width: int = 112
    pose_width: int = 256
    pose_blocks: int = 2
    dropout: float = 0.1


class PoseTextTowers(PretrainedModule[EmbedderConfig]):
    """Both towers, stored in half precision."""

    config_type = EmbedderConfig
    stored_dtype = torch.float16
    max_tensor_bytes = 16 * 2**20

    def __init__(self, config: EmbedderConfig) -> None:
        super().__init__(config)
        self.pose = PoseTower(
            config.middle_width, config.limb_width, config.pose_width, config.pose_blocks, config.dropout
        )
        self.text = TextTower(
            config.states_width,
            config.text_width,
            config.text_heads,
            config.text_layers,
            config.text_queries,
            config.dropout,
        )
        self.log_scale = nn.Parameter(torch.tensor(3.0))


class Embedder:
    """A `PoseTextEmbedder`: what the library, the index and search work with.

    Args:
        towers: trained.
        text_model: in the place of the one that the towers name, where it lies elsewhere; loaded when first needed.
        body: that poses are measured on; the open body when absent.
    """

    def __init__(
        self, towers: PoseTextTowers, text_model: TextModel | None = None, body: BodyModel | None = None
    ) -> None:
        self.towers = towers.eval().requires_grad_(False)
        self._given_text_model = text_model
        self._body = body

    @classmethod
    def from_pretrained(cls, folder: str | Path | None = None, *, text_model: TextModel | None = None) -> Self:
        """Loads a folder that `save_pretrained` wrote; the one that ships with chatpose when none is named.

        Raises:
            MissingFileError: not there.
            UnreadableFileError: damaged, or something else.
        """
        folder = asset("data", "models", "retrieval") if folder is None else Path(folder)
        inner = folder / TOWERS_FOLDER
        return cls(PoseTextTowers.from_pretrained(inner if inner.is_dir() else folder), text_model)

    def save_pretrained(self, folder: str | Path, card: str) -> None:
        """Writes a folder whose text side sentence-transformers loads too.

        `SentenceTransformer(folder, trust_remote_code=True)`: the code that it asks to trust is chatpose's own.

        Raises:
            UnwritableFileError: see `Pretrained.save_pretrained`.
        """
        folder = made_folder(Path(folder))
        self.towers.save_pretrained(folder / TOWERS_FOLDER, card)
        settings = {"model_type": "SentenceTransformer", "similarity_fn_name": "cosine", "prompts": {}}
        for name, value in (("modules.json", _MODULES), ("config_sentence_transformers.json", settings)):
            with atomic_write(folder / name) as temporary:
                temporary.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return DIMENSION

    @property
    def fingerprint(self) -> str:
        """Hexadecimal; another for other weights or settings."""
        return self._fingerprint

    @cached_property
    def _fingerprint(self) -> str:
        return self.towers.fingerprint

    @cached_property
    def text_model(self) -> TextModel:
        """The language model, loaded when first asked for.

        Raises:
            MissingFileError: it isn't installed.
            UnreadableFileError: its states aren't of the width that the towers were trained for.
        """
        config = self.towers.config
        model = self._given_text_model or open_text_model(config.text_model)
        if model.width != config.states_width:
            raise UnreadableFileError(
                f"the states of {model.name} are {model.width} wide", expected=f"{config.states_width}"
            )
        return model

    @cached_property
    def lift(self) -> EntryLift | None:
        """What entries sentences speak of, where the towers read the language model that this was made with."""
        try:
            words = EntryWords.load()
        except MissingFileError:
            return None
        same = words.config.text_model == self.towers.config.text_model and self._given_text_model is None
        return EntryLift(words, lambda: self.text_model) if same else None

    @cached_property
    def features(self) -> PoseFeatures:
        """Measures poses."""
        return PoseFeatures(self._body)

    @torch.no_grad()
    def embed_poses(self, pose: Pose) -> np.ndarray:
        """Vectors of poses; heading, place and body shape don't matter.

        Args:
            pose: any batch shape, flattened to N.

        Returns:
            (N, 256) float32, unit rows.

        Raises:
            InvalidPoseError: NaN, infinite values or matrices that aren't rotations.
        """
        rotations = pose.local_rotations.reshape(-1, len(SMPL), 3, 3)
        parts = [
            self.towers.pose(self.features(Pose.from_rotations(part)))
            for part in rotations.split(_POSES_AT_ONCE)
            if len(part)
        ]
        return _unit(torch.cat(parts)) if parts else np.zeros((0, DIMENSION), np.float32)

    @torch.no_grad()
    def embed_features(self, rows: Tensor) -> np.ndarray:
        """Vectors of poses whose features (`PoseFeatures`) are known, (N, 256) float32."""
        parts = [self.towers.pose(part.float()) for part in rows.split(_POSES_AT_ONCE) if len(part)]
        return _unit(torch.cat(parts)) if parts else np.zeros((0, DIMENSION), np.float32)

    @torch.no_grad()
    def embed_texts(self, texts: Sequence[str]) -> np.ndarray:
        """Vectors of texts; "left" and "right" are the body's.

        Args:
            texts: N of them; of very long ones the beginning counts.

        Returns:
            (N, 256) float32, unit rows.
        """
        if not len(texts):
            return np.zeros((0, DIMENSION), np.float32)
        cut = [text[:MAX_CHARS] for text in texts]
        numbers: dict[str, int] = {}
        straight = [numbers.setdefault(text, len(numbers)) for text in cut]
        exchanged = [numbers.setdefault(exchange_words(text), len(numbers)) for text in cut]
        read = self.read(list(numbers))
        return _unit(TextTower.vectors(read, torch.tensor(straight), torch.tensor(exchanged)))

    def read(self, sentences: Sequence[str]) -> Tensor:
        """What the text tower reads in sentences by themselves; the longest last, so that little is padding."""
        order = sorted(range(len(sentences)), key=lambda number: len(sentences[number]))
        parts = []
        for start in range(0, len(order), _SENTENCES_AT_ONCE):
            found = self.text_model([sentences[number] for number in order[start : start + _SENTENCES_AT_ONCE]])
            parts.append(self.towers.text.read(found.states, found.mask))
        read = torch.cat(parts)
        return torch.empty_like(read).index_copy(0, torch.tensor(order), read)


def _unit(vectors: Tensor) -> np.ndarray:
    return torch.nn.functional.normalize(vectors.float(), dim=-1).cpu().numpy()
