"""Token states of every text that chatpose-nano learns from, made once: 8 bits a number with a scale a token.

MiniLM is frozen, so its states are the same in every epoch. Texts are read with one word for both sides, so a text and
its mirror image are one. Pieces in a work folder are whole or not there; a broken run goes on with what is missing.
"""

import hashlib
import logging
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save
from torch import Tensor

from chatpose.errors import UnreadableFileError
from chatpose.language.nano.text_states import TextStates
from chatpose.safefiles import atomic_write, made_folder, read_limited

log = logging.getLogger(__name__)

Words = tuple[int, ...]
STEM = "nano-states"
PIECE = 4096
BATCH_TOKENS = 4_000
MAX_PIECE_BYTES = 2**30
TOLD_EVERY_S = 30.0
_KEY_BYTES = 16


class StateStore:
    """States of numbered runs of words.

    Args:
        runs: ids of word pieces, each once.
        folder: where pieces are kept; only in memory when None.
        texts: makes states.
    """

    def __init__(self, runs: Sequence[Words], folder: Path | None, texts: TextStates) -> None:
        pieces = [_read(path) for path in sorted(made_folder(folder).glob(f"{STEM}-*"))] if folder is not None else []
        known = {key for piece in pieces for key in _keys(piece)}
        keys = [_key(run) for run in runs]
        missing = sorted(
            (run for run, key in zip(runs, keys, strict=True) if key not in known), key=lambda x: (len(x), x)
        )
        pieces += _made(missing, folder, texts)
        self._values = torch.from_numpy(np.concatenate([piece["values"] for piece in pieces]))
        self._scales = torch.from_numpy(np.concatenate([piece["scales"] for piece in pieces]))
        begins: dict[bytes, int] = {}
        start = 0
        for piece in pieces:
            begins |= zip(_keys(piece), (start + piece["starts"]).tolist(), strict=True)
            start += len(piece["scales"])
        self.begins: NDArray[np.int64] = np.array([begins[key] for key in keys], np.int64)
        self.counts: NDArray[np.int64] = np.array([len(run) + 1 for run in runs], np.int64)

    def to(self, device: torch.device) -> None:
        """Moves everything, where there is room."""
        self._values, self._scales = self._values.to(device), self._scales.to(device)

    def take(self, tokens: Tensor) -> Tensor:
        """(…, 384) float32 states of numbered tokens, such as `begins[run] + 3`."""
        tokens = tokens.to(self._values.device)
        return self._values[tokens].float() * self._scales[tokens][..., None]


def _made(runs: Sequence[Words], folder: Path | None, texts: TextStates) -> list[dict[str, np.ndarray]]:
    """Pieces of new states, the shortest runs first."""
    pieces, start = [], time.monotonic()
    said = start
    for first in range(0, len(runs), PIECE):
        part = runs[first : first + PIECE]
        piece = _piece(part, texts)
        pieces.append(piece)
        if folder is not None:
            name = hashlib.sha256(piece["keys"].tobytes()).hexdigest()[:16]
            with atomic_write(folder / f"{STEM}-{name}.safetensors") as temporary:
                temporary.write_bytes(save(piece))
        now = time.monotonic()
        if now - said > TOLD_EVERY_S:
            said, done = now, first + len(part)
            log.info("states of %d of %d texts, %.0f/s", done, len(runs), done / (now - start))
    return pieces


def _piece(runs: Sequence[Words], texts: TextStates) -> dict[str, np.ndarray]:
    values, scales = [], []
    for batch in _batches(runs):
        for states in texts.fresh(batch):
            scale = states.abs().amax(-1).clamp_min(1e-6) / 127
            values.append((states / scale[:, None]).round().to(torch.int8).cpu().numpy())
            scales.append(scale.cpu().numpy())
    counts = np.array([len(run) + 1 for run in runs], np.int64)
    return {
        "keys": np.frombuffer(b"".join(map(_key, runs)), np.uint8).reshape(-1, _KEY_BYTES),
        "starts": np.cumsum(counts) - counts,
        "values": np.concatenate(values),
        "scales": np.concatenate(scales).astype(np.float32),
    }


def _key(run: Words) -> bytes:
    return hashlib.sha256(np.array(run, np.int32).tobytes()).digest()[:_KEY_BYTES]


def _keys(piece: dict[str, np.ndarray]) -> list[bytes]:
    return [key.tobytes() for key in piece["keys"]]


def _read(path: Path) -> dict[str, np.ndarray]:
    try:
        return load(read_limited(path, max_bytes=MAX_PIECE_BYTES))
    except SafetensorError as error:
        raise UnreadableFileError(f"{path} is damaged: {error}", fix="remove it") from error


def _batches(runs: Sequence[Words]) -> list[list[Words]]:
    batches: list[list[Words]] = [[]]
    for run in runs:
        if batches[-1] and (len(batches[-1]) + 1) * (len(run) + 2) > BATCH_TOKENS:
            batches.append([])
        batches[-1].append(run)
    return batches
