"""`EntryWords`: which atlas entries people speak of in words like these, by sentences alone.

A pose's vector can't know that a penalty is a kick. Sentences about the atlas' training entries do: each entry keeps a
few typical ones, as vectors of the frozen language model, and a query lifts the entries whose sentences it is near to.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Self

import torch
from torch import Tensor

from chatpose.pretrained import Pretrained, PretrainedConfig, TensorSpec
from chatpose.resources import asset
from chatpose.retrieval.text_models import MAX_CHARS, MINILM, MINILM_WIDTH, TextModel

LIFTED_SHARE = 0.1
"""Of the entries that a query may lift: the rest is near to no sentence in particular."""
_WHOLE = 127


@dataclass(frozen=True)
class EntryWordsConfig(PretrainedConfig):
    """What the vectors are.

    Attributes:
        entries: ids, in order.
        count: vectors in all.
        text_model: that they come from, see `text_models.open_text_model`.
        states_width: of its states.
        dimension: of the vectors, the main directions of all sentences.
        sharpness: of the soft maximum over an entry's vectors.
        weight: of a lift beside the cosine of words and pose.
    """

    KIND: ClassVar[str] = "entry_words"
    entries: tuple[str, ...]
    count: int
    text_model: str = MINILM
    states_width: int = MINILM_WIDTH
    dimension: int = 60
    sharpness: float = 8.0
    weight: float = 0.6

    def __post_init__(self) -> None:
        if not 1 <= self.dimension <= self.states_width or self.count < len(self.entries) or not self.entries:
            raise ValueError("needs entries, a vector for each, and a dimension within the states' width")
        if not self.sharpness > 0 or not self.weight >= 0:
            raise ValueError("sharpness must be positive and weight not negative")


class EntryWords(Pretrained[EntryWordsConfig]):
    """The vectors. Immutable; made by `chatpose.train.entry_words`."""

    config_type = EntryWordsConfig
    max_tensor_bytes = 2**20

    def __init__(self, config: EntryWordsConfig, tensors: Mapping[str, Tensor]) -> None:
        """From tensors as `tensor_specs` has them."""
        self.config = config
        self._tensors = dict(tensors)
        self._vectors = self._tensors["vectors"].float() / _WHOLE
        self._owner = self._tensors["owner"].long()

    @classmethod
    def load(cls) -> Self:
        """The one that ships with chatpose.

        Raises:
            MissingFileError: chatpose came without it.
        """
        return cls.from_pretrained(asset("data", "models", cls.config_type.KIND))

    @classmethod
    def tensor_specs(cls, config: EntryWordsConfig) -> dict[str, TensorSpec]:
        """Mean of all sentences and main directions about it; vectors in 127ths; whose each is."""
        return {
            "mean": TensorSpec((config.states_width,), torch.float16),
            "directions": TensorSpec((config.states_width, config.dimension), torch.float16),
            "vectors": TensorSpec((config.count, config.dimension), torch.int8),
            "owner": TensorSpec((config.count,), torch.int16),
        }

    @classmethod
    def from_tensors(cls, config: EntryWordsConfig, tensors: Mapping[str, Tensor]) -> Self:
        """From checked tensors.

        Raises:
            ValueError: a vector of an entry that there isn't.
        """
        owner = tensors["owner"].long()
        if len(owner) and not 0 <= int(owner.min()) <= int(owner.max()) < len(config.entries):
            raise ValueError("a vector belongs to no entry")
        return cls(config, tensors)

    def tensors(self) -> Mapping[str, Tensor]:
        """The tensors as they are stored."""
        return self._tensors

    def nearness(self, sentences: Tensor) -> Tensor:
        """How near sentences (N, W), `sentence_vectors`, are to each entry's own: (N, entries), higher is nearer."""
        directions, mean = self._tensors["directions"].float(), self._tensors["mean"].float()
        vectors = torch.nn.functional.normalize((sentences - mean) @ directions, dim=-1)
        sharp = self.config.sharpness
        near = (sharp * (vectors @ self._vectors.T)).exp()
        total = near.new_zeros(len(near), len(self.config.entries)).index_add(1, self._owner, near)
        return total.clamp_min(1e-6).log() / sharp

    def lifts(self, sentences: Tensor) -> Tensor:
        """(N, entries) what is added to the cosine of words and poses; 0 for nearly all entries."""
        near = self.nearness(sentences)
        usual = near.quantile(1 - LIFTED_SHARE, dim=1, keepdim=True)
        return self.config.weight * (near - usual).clamp_min(0)


class EntryLift:
    """Lifts of queries.

    Args:
        words: of entries.
        text_model: gives the language model when it is first needed.
    """

    def __init__(self, words: EntryWords, text_model: Callable[[], TextModel]) -> None:
        self._words, self._text_model = words, text_model

    @torch.no_grad()
    def of(self, text: str) -> dict[str, float]:
        """Entries that a query lifts, and by how much, the most first."""
        lifts = self._words.lifts(sentence_vectors(self._text_model(), [text[:MAX_CHARS]]))[0]
        order = lifts.argsort(descending=True, stable=True)[: int((lifts > 0).sum())]
        return {self._words.config.entries[place]: float(lifts[place]) for place in order.tolist()}


@torch.no_grad()
def sentence_vectors(model: TextModel, texts: list[str]) -> Tensor:
    """(N, W) means of the token states of texts, unit rows."""
    found = model(texts)
    kept = found.mask[..., None]
    return torch.nn.functional.normalize((found.states * kept).sum(1) / kept.sum(1).clamp_min(1), dim=-1)
