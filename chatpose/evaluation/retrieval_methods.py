"""What ranks poses for texts: the embedder, and plain MiniLM over words about the poses."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from chatpose.atlas.compiled import Atlas
from chatpose.body.pose import Pose, concatenate_poses
from chatpose.posecodes.captioning import StyleName, caption
from chatpose.posecodes.describe import Describer
from chatpose.retrieval.embedding import PoseTextEmbedder
from chatpose.retrieval.text_models import TextModel, open_text_model

EMBEDDER, MINILM, CHANCE = "embedder", "MiniLM", "chance"
DOCUMENT_STYLES: tuple[StyleName, ...] = ("plain", "short")
DOCUMENT_SEED = 1_000
"""Of the captions that the baseline reads: other wordings than those of captions that are searched for."""
_POSES_AT_ONCE = 512
_BATCH_CHARS = 16_000


@dataclass(frozen=True, eq=False)
class PoseGallery:
    """Poses to be found.

    Attributes:
        poses: (N,).
        names: of each, for the baseline that reads words.
    """

    poses: Pose
    names: tuple[tuple[str, ...], ...]

    def __len__(self) -> int:
        return len(self.names)

    @classmethod
    def of_atlas(cls, atlas: Atlas, names: Callable[[tuple[str, ...]], tuple[str, ...]] = tuple) -> "PoseGallery":
        """The entries' own poses.

        Args:
            atlas: whose.
            names: which of an entry's names count as known.
        """
        return cls(Pose.from_rotations(atlas.poses.local_rotations), tuple(names(entry.names) for entry in atlas))

    def with_mirror_images(self) -> "PoseGallery":
        """Twice as many, the mirror images after all the others."""
        return PoseGallery(concatenate_poses([self.poses, self.poses.mirror()]), (*self.names, *self.names))


class Ranking(Protocol):
    """What ranks poses for texts.

    Attributes:
        name: how it is called in the tables.
    """

    name: str

    def scores(self, texts: Sequence[str], gallery: PoseGallery) -> Tensor:
        """(S, N) the higher the better; minus infinity where a pose isn't ranked."""
        ...


class JointSpace:
    """The embedder alone: nearness of a text's vector to a pose's.

    Args:
        embedder: that is measured.
    """

    name = EMBEDDER

    def __init__(self, embedder: PoseTextEmbedder) -> None:
        self.embedder = embedder

    def scores(self, texts: Sequence[str], gallery: PoseGallery) -> Tensor:
        """(S, N) cosines."""
        poses = torch.from_numpy(self.embedder.embed_poses(gallery.poses))
        return torch.from_numpy(self.embedder.embed_texts(texts)) @ poses.T


class PlainSentences:
    """The baseline: a sentence model that sees no pose, over captions of each pose and its names; the best one counts.

    Args:
        describer: captions the poses.
        model: gives the token states; MiniLM when absent, loaded when first needed.
    """

    name = MINILM

    def __init__(self, describer: Describer, model: TextModel | None = None) -> None:
        self._describer = describer
        self._model = model
        self._vectors: dict[str, Tensor] = {}

    def scores(self, texts: Sequence[str], gallery: PoseGallery) -> Tensor:
        """(S, N) cosine of the nearest of a pose's documents."""
        documents = self.documents(gallery)
        owners = torch.tensor([place for place, several in enumerate(documents) for _ in several], dtype=torch.long)
        found = self.embed(texts) @ self.embed([one for several in documents for one in several]).T
        best = torch.full((len(texts), len(gallery)), -torch.inf)
        return best.scatter_reduce_(1, owners.expand_as(found), found, "amax")

    def documents(self, gallery: PoseGallery) -> list[tuple[str, ...]]:
        """What can be read about each pose."""
        told: list[list[str]] = [list(names) for names in gallery.names]
        for start in range(0, len(gallery), _POSES_AT_ONCE):
            found = self._describer.extract(gallery.poses[start : start + _POSES_AT_ONCE])
            for style in DOCUMENT_STYLES:
                for place, said in enumerate(caption(found, style, DOCUMENT_SEED), start):
                    told[place].append(said.text)
        return [tuple(dict.fromkeys(several)) for several in told]

    def embed(self, texts: Sequence[str]) -> Tensor:
        """(S, W) unit vectors: means over token states, as the model was trained to be used."""
        new = sorted({text for text in texts if text not in self._vectors}, key=lambda text: (len(text), text))
        for batch in _batches(new):
            states, mask = self.model(batch)
            kept = mask[..., None].to(states.dtype)
            means = (states * kept).sum(1) / kept.sum(1)
            self._vectors |= zip(batch, torch.nn.functional.normalize(means, dim=-1), strict=True)
        return torch.stack([self._vectors[text] for text in texts]) if texts else torch.zeros(0, self.model.width)

    @property
    def model(self) -> TextModel:
        """Loaded when first asked for.

        Raises:
            MissingFileError: MiniLM isn't installed.
        """
        if self._model is None:
            self._model = open_text_model()
        return self._model


def _batches(texts: Sequence[str]) -> list[list[str]]:
    """Neighbours in length together, so that little is padding."""
    batches: list[list[str]] = []
    for text in texts:
        if not batches or (len(batches[-1]) + 1) * (len(text) + 8) > _BATCH_CHARS:
            batches.append([])
        batches[-1].append(text)
    return batches
