"""Token states of many sentences, made once: whole numbers of 8 bits with a scale a token.

The language model is frozen, so its states are the same in every epoch. They are kept in pieces of a work folder, each
whole or not there; sentences that a piece holds are never read again, and a broken run goes on with what is missing.
"""

import hashlib
import logging
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.numpy import load, save
from torch import Tensor

from chatpose.errors import UnreadableFileError
from chatpose.retrieval.text_models import TextModel, TokenStates
from chatpose.safefiles import atomic_write, made_folder, read_limited

log = logging.getLogger(__name__)

PIECE_SENTENCES = 4096
BATCH_TOKENS = 6_000
MAX_PIECE_BYTES = 2**30
TOLD_EVERY_S = 30.0
_KEY_BYTES = 16


class StateCache:
    """States by sentence.

    Args:
        folder: where pieces are kept; nowhere but in memory when None.
        model_name: of the language model, a part of the pieces' names.
    """

    def __init__(self, folder: Path | None, model_name: str) -> None:
        self.folder = made_folder(folder) if folder is not None else None
        self._stem = "states-" + hashlib.sha256(model_name.encode()).hexdigest()[:8]
        self._pieces: list[dict[str, np.ndarray]] = []
        self._places: dict[bytes, tuple[int, int]] = {}
        for path in sorted(self.folder.glob(f"{self._stem}-*.safetensors")) if self.folder is not None else ():
            self._take(_read(path))

    def __contains__(self, sentence: str) -> bool:
        return _key(sentence) in self._places

    def fill(self, sentences: Sequence[str], model: TextModel) -> None:
        """Makes the states that are missing, the shortest sentences first."""
        missing = sorted({one for one in sentences if one not in self}, key=lambda one: (len(one), one))
        start = said = time.monotonic()
        for first in range(0, len(missing), PIECE_SENTENCES):
            part = missing[first : first + PIECE_SENTENCES]
            piece = _piece(part, model)
            if self.folder is not None:
                name = hashlib.sha256("\n".join(part).encode()).hexdigest()[:16]
                with atomic_write(self.folder / f"{self._stem}-{name}.safetensors") as temporary:
                    temporary.write_bytes(save(piece))
            self._take(piece)
            now = time.monotonic()
            if now - said >= TOLD_EVERY_S:
                done = first + len(part)
                log.info("states of %d of %d sentences, %.0f/s", done, len(missing), done / (now - start))
                said = now

    def states(self, sentences: Sequence[str]) -> TokenStates:
        """States of some sentences, padded.

        Raises:
            KeyError: one isn't there.
        """
        rows = [self._row(sentence) for sentence in sentences]
        longest = max(len(scale) for _, scale in rows)
        states = np.zeros((len(rows), longest, rows[0][0].shape[1]), np.int8)
        scales = np.zeros((len(rows), longest, 1), np.float32)
        for number, (values, scale) in enumerate(rows):
            states[number, : len(scale)] = values
            scales[number, : len(scale), 0] = scale
        scale = torch.from_numpy(scales)
        return TokenStates(torch.from_numpy(states) * scale, scale[..., 0] > 0)

    def _row(self, sentence: str) -> tuple[np.ndarray, np.ndarray]:
        piece, place = self._places[_key(sentence)]
        held = self._pieces[piece]
        part = slice(int(held["starts"][place]), int(held["starts"][place + 1]))
        return held["states"][part], held["scales"][part]

    def _take(self, piece: dict[str, np.ndarray]) -> None:
        for place, key in enumerate(piece["keys"]):
            self._places.setdefault(key.tobytes(), (len(self._pieces), place))
        self._pieces.append(piece)


def _piece(sentences: Sequence[str], model: TextModel) -> dict[str, np.ndarray]:
    values: list[np.ndarray] = []
    scales: list[np.ndarray] = []
    lengths: list[int] = []
    for batch in _batches(sentences):
        found = model(batch)
        for states, mask in zip(found.states.cpu(), found.mask.cpu(), strict=True):
            whole, scale = _packed(states[mask])
            values.append(whole)
            scales.append(scale)
            lengths.append(len(scale))
    keys = np.frombuffer(b"".join(map(_key, sentences)), np.uint8).reshape(-1, _KEY_BYTES)
    starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    return {"keys": keys, "starts": starts, "states": np.concatenate(values), "scales": np.concatenate(scales)}


def _batches(sentences: Sequence[str]) -> list[list[str]]:
    """Neighbours in length together, so that little is padding; a token has about four characters."""
    batches: list[list[str]] = [[]]
    for sentence in sentences:
        if batches[-1] and (len(batches[-1]) + 1) * (len(sentence) / 4 + 2) > BATCH_TOKENS:
            batches.append([])
        batches[-1].append(sentence)
    return batches


def _packed(states: Tensor) -> tuple[np.ndarray, np.ndarray]:
    scale = states.abs().amax(-1).clamp_min(1e-6) / 127
    whole = (states / scale[:, None]).round().to(torch.int8)
    return whole.numpy(), scale.float().numpy()


def _key(sentence: str) -> bytes:
    return hashlib.sha256(sentence.encode()).digest()[:_KEY_BYTES]


def _read(path: Path) -> dict[str, np.ndarray]:
    try:
        return load(read_limited(path, max_bytes=MAX_PIECE_BYTES))
    except SafetensorError as error:
        raise UnreadableFileError(f"{path} is damaged: {error}", fix="remove it") from error
