"""A tiny chatpose-nano of random numbers, and made-up samples, for tests."""

from functools import cache
from pathlib import Path

import numpy as np
import torch

from chatpose.corpus.instructions.bank_tables import TextTable
from chatpose.corpus.samples.postures import POSTURES, postures_of
from chatpose.corpus.samples.samples import SampleContext, SampleHead, Samples, lists_of
from chatpose.language.nano.base_files import save_base
from chatpose.language.nano.config import NanoConfig
from chatpose.language.nano.modeling import NanoForCausalLM
from chatpose.language.nano.tokenizer import build_tokenizer
from chatpose.pose_tokenizer.tokenizer import PoseTokenizer
from chatpose.posecodes.definitions import all_posecodes

WIDTH, LAYERS, HEADS, INNER = 32, 2, 2, 64


@cache
def pose_tokenizer() -> PoseTokenizer:
    """The one that ships."""
    return PoseTokenizer.load()


def tiny_config() -> NanoConfig:
    """Small sizes."""
    return NanoConfig(
        hidden_size=WIDTH, num_hidden_layers=LAYERS, reader_layers=1, num_attention_heads=HEADS, intermediate_size=INNER
    )


def write_tiny_base(folder: Path, seed: int = 0) -> Path:
    """A base of random numbers."""
    torch.manual_seed(seed)
    save_base(folder, NanoForCausalLM(tiny_config()), build_tokenizer(), "A test's.")
    return folder


def made_samples(rows: int = 64, texts: int = 16, entries: int = 5, seed: int = 0) -> Samples:
    """Samples whose texts name the statements, of random codes: good enough to learn by heart."""
    rng = np.random.default_rng(seed)
    codes = all_posecodes()
    sides = [place for place, code in enumerate(codes) if code.subject in ("left knee", "right elbow")]
    plans = [rng.choice(sides, int(rng.integers(1, 4)), replace=False).tolist() for _ in range(texts)]
    words = [", ".join(codes[place].name.replace(":", "") for place in plan) for plan in plans]
    numbers = np.arange(rows) % texts
    holds = np.zeros((rows, len(codes)), bool)
    for row in range(rows):
        holds[row, plans[numbers[row]]] = True
    holds[:, 0 if codes[0].subject == "body" else [code.name for code in codes].index("standing")] = True
    table = TextTable.of(words)
    ends, flat = lists_of([plans[number] for number in numbers])
    arrays = {
        "text_ends": table.ends,
        "text_block": np.array(table.block),
        "pose_codes": rng.integers(0, 1024, (texts, 12)).astype(np.int16)[numbers],
        "pose_holds": np.packbits(holds, axis=1),
        "pose_posture": postures_of(holds),
        "text": numbers.astype(np.int32),
        "pose": np.arange(rows, dtype=np.int32),
        "plan_ends": ends,
        "plan": flat,
        "context": rng.integers(-1, entries, (rows, 2)).astype(np.int16),
        "entry": np.full(rows, -1, np.int16),
        "kind": np.zeros(rows, np.uint8),
        "split": np.where(np.arange(rows) % 8 == 7, 1 + np.arange(rows) // 8 % 3, 0).astype(np.uint8),
        "context_codes": rng.integers(0, 1024, (entries, 12)).astype(np.int16),
        "context_posture": np.zeros(entries, np.uint8),
    }
    contexts = tuple(
        SampleContext(f"e{at}", (f"pose number {at}", f"left thing {at}"), (1, 2)) for at in range(entries)
    )
    names = tuple(code.name for code in codes)
    return Samples(SampleHead(names, POSTURES, contexts, pose_tokenizer().codebook_fingerprint), arrays)
