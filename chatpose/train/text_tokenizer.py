"""Builds `tokenizers/text`: merges learned from what people say of poses, the pose tokens behind."""

from collections.abc import Iterator

import torch

from chatpose.atlas.compiled import Atlas
from chatpose.corpus.random_poses import jittered_postures
from chatpose.pose_tokenizer.text_tokenizer import TextTokenizer
from chatpose.pose_tokenizer.tokenizer import PoseTokenizer
from chatpose.posecodes.describe import Describer

SIZE = 4096
CAPTIONED = 600
SEED = 0


def build_text_tokenizer(tokenizer: PoseTokenizer, atlas: Atlas, size: int = SIZE) -> TextTokenizer:
    """Of the descriptions and names of atlas entries and of chatpose's own descriptions of hand-made postures."""
    return TextTokenizer.build(training_texts(atlas), tokenizer.config, tokenizer.codebook_fingerprint, size=size)


def training_texts(atlas: Atlas) -> Iterator[str]:
    """What the merges are learned from."""
    for entry in atlas:
        yield from (name for name in entry.names)
        yield from (description.text for description in entry.descriptions)
        yield from (str(claim) for claim in (*entry.must, *entry.must_not))
    poses = jittered_postures(CAPTIONED, torch.Generator().manual_seed(SEED))
    yield from (str(one) for one in Describer().describe_all(poses, seed=SEED))


def text_card(text: TextTokenizer) -> str:
    """README.md of the folder."""
    words = text.vocabulary
    return f"""# Text tokenizer with pose tokens

A Hugging Face tokenizer (`tokenizer.json`, `tokenizer_config.json`): byte-level BPE with {words.first_id} text tokens,
then {len(words)} pose tokens in one range of ids from {words.first_id} on: `<pose>`, `</pose>`, `<heading:0>` …, and
`<part:stage:code>`, slot by slot (`chatpose.pose_tokenizer.vocabulary`).

- Belongs to the codebooks with the fingerprint `{words.fingerprint}` (`pose_fingerprint` in tokenizer_config.json);
  `TextTokenizer.load` refuses others.
- Merges were learned from the descriptions, names and statements of the Pose Atlas' training entries (CC-BY-4.0) and
  from descriptions that chatpose wrote of {CAPTIONED} hand-made postures.
- Every text comes back as it was, but for blanks before pose tokens and its special tokens.
- Licence: CC-BY-4.0.
- Command: `chatpose train tokenizer --data FOLDER`.
"""
