"""The tokenizer of chatpose-nano: MiniLM's word pieces, our own words behind them, and a chat template."""

import json
from pathlib import Path
from typing import Any

from chatpose.language.nano.words import END_OF_TURN, TEMPLATE, TURN_WORDS, own_words
from chatpose.optional import require_package
from chatpose.retrieval.text_models import check_minilm, minilm_folder

MAX_LENGTH = 4_096


def build_tokenizer(folder: Path | None = None) -> Any:
    """A fast tokenizer of transformers.

    Args:
        folder: of MiniLM's files; the package's by default.

    Raises:
        MissingExtraError: transformers isn't installed.
        MissingFileError: MiniLM isn't.
    """
    transformers = require_package("transformers", "language", "for chatpose-nano")
    from tokenizers import AddedToken, Tokenizer

    folder = folder or minilm_folder()
    check_minilm(folder)
    pieces = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
    pieces |= {"truncation": None, "padding": None, "post_processor": None}
    inner = Tokenizer.from_str(json.dumps(pieces))
    # Turns are special: no content may hold them. Plans are words that answers consist of.
    inner.add_tokens([AddedToken(word, normalized=False, special=word in TURN_WORDS) for word in own_words()])
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=inner,
        pad_token="[PAD]",
        unk_token="[UNK]",
        eos_token=END_OF_TURN,
        chat_template=TEMPLATE,
        model_max_length=MAX_LENGTH,
        clean_up_tokenization_spaces=False,
    )
