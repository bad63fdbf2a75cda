"""Makes the vectors of the sentences about atlas entries (`chatpose.retrieval.entry_words`).

    python -m chatpose.train.entry_words --out data/models/entry_words

Names, training descriptions and data/sentences of the training entries, read by the frozen language model; an entry
with many keeps the centres of groups of them. The same command gives the same file.
"""

import argparse
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor

from chatpose.atlas.compiled import Atlas
from chatpose.atlas.sentences import by_entry, read_sentences
from chatpose.retrieval.entry_words import EntryWords, EntryWordsConfig, sentence_vectors
from chatpose.retrieval.text_models import TextModel, open_text_model
from chatpose.train.retrieval_texts import is_validation_entry, plain_words, validation_descriptions

log = logging.getLogger(__name__)

KEPT = 8
"""Vectors of an entry at most."""
ROUNDS = 8
_AT_ONCE = 64


def entry_texts(atlas: Atlas, *, hold_out: bool = False) -> dict[str, tuple[str, ...]]:
    """Texts of each training entry; what is kept for testing isn't among them.

    Args:
        atlas: whose entries.
        hold_out: leave out what is kept for choosing settings, too.
    """
    kept = {
        plain_words(one.text)
        for entry in atlas
        for one in (entry.descriptions if entry.id in atlas.test_ids else entry.test_descriptions())
    }
    more = by_entry(read_sentences())
    found = {}
    for entry in atlas.training():
        if hold_out and is_validation_entry(entry):
            continue
        held = set(validation_descriptions(entry)) if hold_out else set()
        texts = (
            *entry.names,
            *(one.text for one in entry.training_descriptions() if one not in held),
            *(one.text for one in more.get(entry.id, ())),
        )
        found[entry.id] = tuple(text for text in dict.fromkeys(texts) if plain_words(text) not in kept)
    return {key: texts for key, texts in found.items() if texts}


def build(texts: Mapping[str, Sequence[str]], model: TextModel, *, kept: int = KEPT, dimension: int = 60) -> EntryWords:
    """The vectors of entries' texts.

    Args:
        texts: by entry.
        model: that reads them.
        kept: vectors of an entry at most.
        dimension: of a vector.
    """
    owner = [place for place, several in enumerate(texts.values()) for _ in several]
    states = _vectors([text for several in texts.values() for text in several], model)
    mean = states.mean(0).half()
    _, _, rows = torch.linalg.svd(states - mean.float(), full_matrices=False)
    directions = rows[:dimension].T.contiguous().half()
    whole = torch.nn.functional.normalize((states - mean.float()) @ directions.float(), dim=-1)
    owners = torch.tensor(owner)
    groups = [centres(whole[owners == place], kept) for place in range(len(texts))]
    vectors = torch.cat(groups)
    config = EntryWordsConfig(tuple(texts), len(vectors), model.name, states.shape[1], directions.shape[1])
    counts = torch.tensor([len(group) for group in groups])
    return EntryWords.from_tensors(
        config,
        {
            "mean": mean,
            "directions": directions,
            "vectors": (127 * vectors).round().to(torch.int8),
            "owner": torch.repeat_interleave(torch.arange(len(texts)), counts).to(torch.int16),
        },
    )


def centres(vectors: Tensor, count: int) -> Tensor:
    """At most `count` unit vectors that stand for unit vectors (N, D): k-means on the sphere."""
    if len(vectors) <= count:
        return vectors
    chosen = vectors[:1]
    while len(chosen) < count:
        farthest = int((vectors @ chosen.T).amax(1).argmin())
        chosen = torch.cat([chosen, vectors[farthest : farthest + 1]])
    for _ in range(ROUNDS):
        nearest = (vectors @ chosen.T).argmax(1)
        sums = torch.zeros_like(chosen).index_add(0, nearest, vectors)
        empty = torch.bincount(nearest, minlength=count)[:, None] == 0
        chosen = torch.nn.functional.normalize(torch.where(empty, chosen, sums), dim=-1)
    return chosen


def _vectors(texts: Sequence[str], model: TextModel) -> Tensor:
    """(N, W), read by length so that little is padding."""
    from tqdm import tqdm

    order = sorted(range(len(texts)), key=lambda number: (len(texts[number]), number))
    parts = [
        sentence_vectors(model, [texts[number] for number in order[start : start + _AT_ONCE]])
        for start in tqdm(range(0, len(order), _AT_ONCE), unit="batch", desc="sentences", disable=None)
    ]
    return torch.empty(len(texts), model.width).index_copy(0, torch.tensor(order), torch.cat(parts).float())


def _card(words: EntryWords, texts: int) -> str:
    config = words.config
    return f"""# What people say of atlas entries

{config.count} vectors of {config.dimension} numbers, at most {KEPT} for each of {len(config.entries)} training entries
of the Pose Atlas: centres of {texts} names, descriptions and sentences (data/sentences) as the frozen language model
{config.text_model} reads them. Search lifts entries whose sentences are near to a query (`retrieval.entry_words`).

Made by `python -m chatpose.train.entry_words --out data/models/entry_words`. Texts and entries kept for testing weren't
read. Licence: CC-BY-4.0. Figures: docs/search.md, `chatpose evaluate retrieval`.
"""


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    parser.add_argument("--hold-out", action="store_true", help="leave out what settings are chosen on")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    texts = entry_texts(Atlas.load(), hold_out=options.hold_out)
    words = build(texts, open_text_model())
    words.save_pretrained(options.out, _card(words, sum(map(len, texts.values()))))
    log.info("%s: %d vectors of %d entries", options.out, words.config.count, len(texts))


if __name__ == "__main__":
    main()
