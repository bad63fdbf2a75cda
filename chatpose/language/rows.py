"""Rows for pose tokens in a base's vocabulary: one range of ids, first embeddings that know geometry.

Only the slots of the model's level get rows: 12,546 for "coarse" where all stages would take 33,026. `<pose>` to
`</pose>` are ordinary added tokens (`special` is false), so that decoding keeps them whatever serves the model.
"""

import dataclasses
from typing import Any

import torch
from torch import Tensor, nn

from chatpose.language.config import PoseLMError
from chatpose.optional import require_package
from chatpose.pose_tokenizer.config import BOOKS, Stages
from chatpose.pose_tokenizer.embeddings import initial_embeddings
from chatpose.pose_tokenizer.tokenizer import PoseTokenizer
from chatpose.pose_tokenizer.vocabulary import PoseVocabulary

ROW_MULTIPLE = 64
"""Matrices grow to a multiple of it: odd sizes are slow on GPUs."""
_SAMPLED_ROWS = 8192


def level_vocabulary(pose_tokenizer: PoseTokenizer, level: str, first_id: int = 0) -> PoseVocabulary:
    """The pose tokens of a level and of the levels inside it, without the stages beyond.

    Args:
        pose_tokenizer: whose codes.
        level: named.
        first_id: of the range.

    Raises:
        UnknownNameError: no such level.
    """
    config = pose_tokenizer.config
    stages = config.level(level)

    def fits(other: Stages) -> bool:
        return all(other.of(book) <= stages.of(book) for book in BOOKS)

    levels = {name: other for name, other in config.levels.items() if fits(other)}
    smaller = dataclasses.replace(config, stages=stages, levels=levels)
    return PoseVocabulary(smaller, pose_tokenizer.codebook_fingerprint, first_id)


def add_pose_words(tokenizer: Any, vocabulary: PoseVocabulary) -> PoseVocabulary:
    """Adds the pose words to a Hugging Face tokenizer, where they aren't there yet.

    Returns:
        The vocabulary with the base's ids.

    Raises:
        PoseLMError: some of the words are the base's already, or they got no consecutive ids behind all others.
    """
    tokenizers = require_package("tokenizers", "language", "to add pose tokens to a language model")
    words, known = list(vocabulary.words()), tokenizer.get_vocab()
    present = [word for word in words if word in known]
    if not present:
        added = [tokenizers.AddedToken(word, normalized=False, special=False) for word in words]
        tokenizer.add_tokens(added)
        known = tokenizer.get_vocab()
    elif len(present) < len(words):
        raise PoseLMError(
            f"the base's vocabulary has {len(present)} of the {len(words):,} pose words already, such as {present[0]}",
            expected="none of them, or all of this level",
            fix="use a base without pose tokens, or the level that it was made with",
        )
    ids = [known[word] for word in words]
    first = ids[0]
    if ids != list(range(first, first + len(words))) or max(known.values()) != ids[-1]:
        raise PoseLMError(
            f"the base's tokenizer gives the pose words ids from {min(ids)} to {max(ids)}, its last being "
            f"{max(known.values())}",
            expected=f"{len(words):,} consecutive ids behind all others",
            fix="use another base",
        )
    return dataclasses.replace(vocabulary, first_id=first)


def add_pose_rows(
    model: Any, tokenizer: Any, pose_tokenizer: PoseTokenizer, vocabulary: PoseVocabulary
) -> PoseVocabulary:
    """Adds the pose words to tokenizer and model. The base's own rows stay as they are.

    A row is the mean of the base's rows and around it the geometry of its code, as wide as the base's rows are spread;
    input and output rows alike, once where they are tied.

    Args:
        model: of transformers, with or without eyes; changed in place.
        tokenizer: of the model; changed in place.
        pose_tokenizer: whose codes the words name.
        vocabulary: of the words, with any first id.

    Returns:
        The vocabulary with the base's ids.

    Raises:
        PoseLMError: a base that can't have such rows.
    """
    matrices = _matrices(model)
    rows = min(len(weight) for weight in matrices)
    placed = add_pose_words(tokenizer, vocabulary)
    if placed.first_id > rows:
        raise PoseLMError(
            f"the tokenizer has {placed.first_id:,} tokens, the model {rows:,} rows", fix="use the base's own tokenizer"
        )
    _check_reserved_ids(model, placed)
    spreads = [_spread(weight[: placed.first_id]) for weight in matrices]
    end = placed.first_id + len(placed)
    if end > rows:
        with torch.random.fork_rng():  # new rows are drawn at random before they are written
            model.resize_token_embeddings(-(-end // ROW_MULTIPLE) * ROW_MULTIPLE, mean_resizing=False)
    for weight, (mean, std) in zip(_matrices(model), spreads, strict=True):
        geometry = initial_embeddings(pose_tokenizer, placed, weight.shape[1], std=std)
        with torch.no_grad():
            weight[rows:] = mean.to(weight)
            weight[placed.first_id : end] = (geometry.to(mean) + mean).to(weight)
    _extend_bias(model, rows)
    return placed


def is_tied(model: Any) -> bool:
    """Whether a model's output rows are its input rows."""
    return model.get_output_embeddings().weight is model.get_input_embeddings().weight


def _matrices(model: Any) -> list[Tensor]:
    """Input rows, and output rows where they are others."""
    inner, head = model.get_input_embeddings(), model.get_output_embeddings()
    if not isinstance(inner, nn.Embedding) or head is None or not isinstance(getattr(head, "weight", None), Tensor):
        kinds = " and ".join(type(layer).__name__ for layer in (inner, head))
        raise PoseLMError(f"the base's vocabulary is in {kinds}", expected="an embedding and a linear head")
    both = [inner.weight] if is_tied(model) else [inner.weight, head.weight]
    for weight in both:
        if weight.dim() != 2 or not weight.is_floating_point():
            raise PoseLMError(f"the base's vocabulary is stored as {weight.dtype}", expected="floating-point rows")
    return both


def _spread(weight: Tensor) -> tuple[Tensor, float]:
    """Mean row and the rows' standard deviation around it."""
    step = max(1, len(weight) // _SAMPLED_ROWS)
    sample = weight.detach()[::step].float()
    mean = sample.mean(0)
    return mean, float((sample - mean).square().mean().sqrt().clamp_min(1e-6))


def _check_reserved_ids(model: Any, vocabulary: PoseVocabulary) -> None:
    """Ids that the model's settings name, such as that of photos, aren't to be poses."""
    ours = range(vocabulary.first_id, vocabulary.first_id + len(vocabulary))
    for config in (model.config, model.config.get_text_config()):
        for name, value in config.to_dict().items():
            if name.endswith(("token_id", "token_index")) and isinstance(value, int) and value in ours:
                raise PoseLMError(
                    f"the base's {name} is {value}, which its tokenizer has no token for",
                    expected=f"an id below {vocabulary.first_id}",
                    fix="use the base's own tokenizer",
                )


def _extend_bias(model: Any, rows: int) -> None:
    """Pose tokens of a head with a bias start at the mean of the others."""
    bias = getattr(model.get_output_embeddings(), "bias", None)
    if isinstance(bias, Tensor) and len(bias) > rows:
        with torch.no_grad():
            bias[rows:] = bias[:rows].mean()
