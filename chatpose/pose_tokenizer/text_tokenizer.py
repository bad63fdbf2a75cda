"""A Hugging Face tokenizer of plain text and pose tokens: the text form and ids of `PoseVocabulary`, in one vocabulary.

Byte-level BPE for text (every text can be written and comes back unchanged, but for blanks before pose tokens), then
one range of ids for the pose tokens. The folder says which codebooks the range belongs to; others are refused.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from chatpose.errors import InvalidTokensError, MissingFileError, UnreadableFileError
from chatpose.optional import require_package
from chatpose.pose_tokenizer.config import PoseTokenizerConfig
from chatpose.pose_tokenizer.vocabulary import BEGIN, END, PoseVocabulary
from chatpose.resources import asset
from chatpose.safefiles import atomic_write, read_limited

PAD, START, STOP = "<pad>", "<s>", "</s>"
SPECIAL = (PAD, START, STOP)
TOKENIZER_NAME, SETTINGS_NAME, CARD_NAME = "tokenizer.json", "tokenizer_config.json", "README.md"
MAX_BYTES = 16 * 2**20

_POSE_WORD = r"<[a-z_]+(?::\d+)+>|</?pose>"
# What BPE may join: words with the blank before them, numbers, signs, blanks. Pose tokens stay whole.
_PIECES = rf"{_POSE_WORD}| ?\p{{L}}+| ?\p{{N}}{{1,3}}| ?[^\s\p{{L}}\p{{N}}<]+|\s+(?!\S)|\s+|<"


class TextTokenizer:
    """Texts with poses in them to ids and back.

    Args:
        inner: a `tokenizers.Tokenizer`.
        vocabulary: of its pose tokens.
    """

    def __init__(self, inner: Any, vocabulary: PoseVocabulary) -> None:
        self.inner = inner
        self.vocabulary = vocabulary

    @classmethod
    def build(
        cls, texts: Iterable[str], config: PoseTokenizerConfig, fingerprint: str, *, size: int = 4096
    ) -> "TextTokenizer":
        """Learns the merges of texts and adds the pose tokens behind.

        Args:
            texts: to learn from.
            config: of the pose tokenizer.
            fingerprint: of its codebooks.
            size: tokens of text, the 256 bytes and the special ones among them.

        Raises:
            MissingExtraError: the extra `language` isn't installed.
        """
        hf = require_package("tokenizers", "language", "to build the text tokenizer")
        learner = _plain(hf, hf.models.BPE())
        trainer = hf.trainers.BpeTrainer(
            vocab_size=size,
            special_tokens=list(SPECIAL),
            initial_alphabet=sorted(hf.pre_tokenizers.ByteLevel.alphabet()),
            show_progress=False,
        )
        learner.train_from_iterator(texts, trainer)
        model = json.loads(learner.to_str())["model"]
        words: dict[str, int] = dict(sorted(model["vocab"].items(), key=lambda item: item[1]))
        vocabulary = PoseVocabulary(config, fingerprint, len(words))
        words |= {word: vocabulary.first_id + place for place, word in enumerate(vocabulary.words())}
        merges = [tuple(pair) for pair in model["merges"]]
        whole = _plain(hf, hf.models.BPE(vocab=words, merges=merges, ignore_merges=True))
        whole.add_special_tokens(list(SPECIAL))
        return cls(whole, vocabulary)

    @classmethod
    def load(cls, config: PoseTokenizerConfig, fingerprint: str, folder: Path | None = None) -> "TextTokenizer":
        """Reads a folder; the one that ships with chatpose when none is named.

        Raises:
            MissingExtraError: the extra `language` isn't installed.
            MissingFileError: no such folder, or a file of it isn't there.
            UnreadableFileError: damaged, or not such a tokenizer.
            InvalidTokensError: made for other codebooks.
        """
        hf = require_package("tokenizers", "language", "to read the text tokenizer")
        folder = asset("tokenizers", "text") if folder is None else folder
        if not folder.is_dir():
            raise MissingFileError(f"no folder {folder}", expected="a text tokenizer")
        try:
            settings = json.loads(read_limited(folder / SETTINGS_NAME, max_bytes=MAX_BYTES))
            stored, first = str(settings["pose_fingerprint"]), int(settings["first_pose_id"])
            inner = hf.Tokenizer.from_str(read_limited(folder / TOKENIZER_NAME, max_bytes=MAX_BYTES).decode())
        except (ValueError, KeyError, TypeError) as error:
            raise UnreadableFileError(f"{folder} is no text tokenizer: {error}") from error
        except Exception as error:  # the library raises bare Exception for what it can't read
            if type(error) is not Exception:
                raise
            raise UnreadableFileError(f"{folder} is no text tokenizer: {error}") from error
        if stored != fingerprint:
            raise InvalidTokensError(
                f"{folder} is for the codebook {stored[:12]}", expected=fingerprint[:12], fix="build it anew"
            )
        vocabulary = PoseVocabulary(config, fingerprint, first)
        ends = (inner.token_to_id(BEGIN), inner.token_to_id(vocabulary.word(first + len(vocabulary) - 1)))
        if ends != (first, first + len(vocabulary) - 1) or inner.get_vocab_size() != first + len(vocabulary):
            raise UnreadableFileError(f"{folder}: the pose tokens aren't where its settings say", fix="build it anew")
        return cls(inner, vocabulary)

    def save(self, folder: Path, card: str) -> None:
        """Writes tokenizer.json, tokenizer_config.json and the card; the same tokenizer gives the same bytes.

        Raises:
            UnwritableFileError: not there.
        """
        folder.mkdir(parents=True, exist_ok=True)
        settings = {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "pad_token": PAD,
            "bos_token": START,
            "eos_token": STOP,
            "clean_up_tokenization_spaces": False,
            "model_max_length": 4096,
            "pose_fingerprint": self.vocabulary.fingerprint,
            "first_pose_id": self.vocabulary.first_id,
        }
        stored = json.dumps(json.loads(self.inner.to_str()), ensure_ascii=False, separators=(",", ":"))
        written = {TOKENIZER_NAME: stored, SETTINGS_NAME: json.dumps(settings, indent=1), CARD_NAME: card}
        for name, content in written.items():
            with atomic_write(folder / name) as temporary:
                temporary.write_text(content.rstrip("\n") + "\n", encoding="utf-8")

    def __len__(self) -> int:
        return self.vocabulary.first_id + len(self.vocabulary)

    def encode(self, text: str) -> list[int]:
        """Ids of a text; blanks before pose tokens are dropped."""
        return self.inner.encode(text, add_special_tokens=False).ids

    def decode(self, ids: Iterable[int]) -> str:
        """The text of ids, special tokens left out."""
        return self.inner.decode(list(ids), skip_special_tokens=True)

    def poses_in(self, ids: list[int]) -> list[tuple[int, int]]:
        """Where poses stand in ids: from each `<pose>` to behind its `</pose>`.

        Raises:
            InvalidTokensError: a pose that doesn't end, or ends without a beginning.
        """
        found, start = [], None
        for position, number in enumerate(ids):
            if number == self.vocabulary.begin:
                if start is not None:
                    raise InvalidTokensError(f"token {position}: {BEGIN}", expected=f"{END} first", position=position)
                start = position
            elif number == self.vocabulary.end:
                if start is None:
                    raise InvalidTokensError(f"token {position}: {END}", expected=f"{BEGIN} first", position=position)
                found.append((start, position + 1))
                start = None
        if start is not None:
            raise InvalidTokensError("the text ends inside a pose", expected=END, position=len(ids))
        return found


def _plain(hf: Any, model: Any) -> Any:
    """A tokenizer of a model with our way of cutting text."""
    tokenizer = hf.Tokenizer(model)
    tokenizer.normalizer = hf.normalizers.Replace(hf.Regex(rf"\s+(?={_POSE_WORD})"), "")
    tokenizer.pre_tokenizer = hf.pre_tokenizers.Sequence(
        [
            hf.pre_tokenizers.Split(hf.Regex(_PIECES), "isolated"),
            hf.pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = hf.decoders.ByteLevel()
    return tokenizer
