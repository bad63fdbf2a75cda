"""Puts a training run of PoseLM together: base and adapter, conversations, what is held out."""

import bisect
import dataclasses
import hashlib
import itertools
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, overload

import torch

from chatpose.corpus.instructions.bank import HEAD, PoseBank
from chatpose.corpus.instructions.messages import Conversation
from chatpose.corpus.instructions.mixture import SHARES, Mixture
from chatpose.errors import ChatposeError, MissingFileError
from chatpose.language.config import ALL_LINEAR
from chatpose.language.conversation_files import ConversationFile
from chatpose.language.pose_lm import PoseLM
from chatpose.train.language_data import Chunks, ConversationSource, Draw, RowStream
from chatpose.train.language_maker import Maker
from chatpose.train.language_run import HeldOut
from chatpose.train.language_settings import LanguageData, LanguageTraining
from chatpose.train.language_trainer import LanguageTrainer, sharded

log = logging.getLogger(__name__)

HELD_OUT_SEED = 2**40 + 1
"""Of generated conversations that are measured: the same for all runs, so that these can be compared."""
TOLD_PROBLEMS = 5
"""Malformed lines whose reasons are said; all are counted."""


@dataclass(frozen=True, eq=False)
class LanguageRun:
    """What is trained, and what it is measured on.

    Attributes:
        trainer: new.
        held_out: none when nothing is held out.
        facts: about data and base, for the run's folder.
    """

    trainer: LanguageTrainer
    held_out: HeldOut | None
    facts: dict[str, Any]


@dataclass(frozen=True, eq=False)
class Sources:
    """Conversations of a run.

    Attributes:
        source: to learn.
        held_out: to measure on.
        banks: that conversations are generated of.
        marks: what tells the data from others.
        facts: how many there are.
    """

    source: ConversationSource
    held_out: Sequence[Conversation]
    banks: tuple[PoseBank, ...]
    marks: tuple[str, ...]
    facts: dict[str, Any]


def build_run(settings: LanguageTraining, *, skip_bad: bool = False) -> LanguageRun:
    """Loads base and data.

    Args:
        settings: of the run; what is left to choose ("auto") is chosen here.
        skip_bad: leave out and count what can't be used.

    Raises:
        ChatposeError: one of them can't be used.
    """
    from accelerate import Accelerator, DistributedDataParallelKwargs

    data = sources(settings, skip_bad=skip_bad)
    # Arithmetic in bfloat16 is the step's own: accelerate would write all logits in float32.
    unused = DistributedDataParallelKwargs()
    accelerator = Accelerator(mixed_precision="no", kwargs_handlers=[unused])
    settings = dataclasses.replace(settings, precision=_precision(settings, accelerator.device))
    lm = open_model(settings, accelerator)
    # Layers of the eyes that are named as targets see some rows and not others.
    unused.find_unused_parameters = lm.has_eyes and settings.model.lora_targets != (ALL_LINEAR,)
    make = Maker(lm.renderer, settings, data.banks)
    if len(make.banks) < len(data.banks):
        log.warning(
            "the poses of a bank aren't of level %s; what is said of them may miss a threshold", lm.config.level
        )
    stream = RowStream(
        Chunks(data.source, make, settings, skip_bad=skip_bad),
        accelerator.process_index,
        accelerator.num_processes,
        settings.workers,
    )
    marks = (lm.config.base_hash, lm.config.pose_fingerprint, lm.config.template_hash, *data.marks)
    trainer = LanguageTrainer(settings, lm, stream, accelerator, marks)
    held_out = None
    if data.held_out:
        held_out = HeldOut.of(data.held_out, make, settings, skip_bad=skip_bad)
    facts = data.facts | {"base_hash": lm.config.base_hash, "pose_fingerprint": lm.config.pose_fingerprint}
    if accelerator.is_main_process:
        log.info("%s on %s: %s", settings.model.base, accelerator.device, data.facts)
    return LanguageRun(trainer, held_out, facts)


def open_model(settings: LanguageTraining, accelerator: Any) -> Any:
    """The base with a new adapter, the same for the same seed.

    Raises:
        ChatposeError: a base that can't be loaded, or not in this way.
    """
    if settings.quantize and sharded(accelerator):
        raise ChatposeError("a base in 4 bits that is spread over GPUs", expected="DDP instead of FSDP, or no quantize")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        lm = PoseLM.from_pretrained(
            settings.model.base,
            config=settings.model,
            dtype=settings.precision,
            quantize=settings.quantize,
            # FSDP brings each GPU its part; the whole may not fit there.
            device="cpu" if sharded(accelerator) else accelerator.device,
            trust_remote_code=settings.trust_remote_code,
        )
    if settings.attention:
        lm.model.get_base_model().set_attn_implementation(settings.attention)
    return lm


def _precision(settings: LanguageTraining, device: torch.device) -> Any:
    if settings.precision != "auto":
        return settings.precision
    return "bfloat16" if device.type == "cuda" and torch.cuda.is_bf16_supported() else "float32"


class Together(Sequence[Conversation]):
    """Several sequences as one, read when they are asked for."""

    def __init__(self, several: Sequence[Sequence[Conversation]]) -> None:
        self._several = several
        self._ends = list(itertools.accumulate(map(len, several)))

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    @overload
    def __getitem__(self, index: int) -> Conversation: ...
    @overload
    def __getitem__(self, index: slice) -> list[Conversation]: ...
    def __getitem__(self, index: int | slice) -> Conversation | list[Conversation]:
        """One of all, or some."""
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(len(self)))]
        if not 0 <= index < len(self):
            raise IndexError(index)
        which = bisect.bisect_right(self._ends, index)
        return self._several[which][index - (self._ends[which - 1] if which else 0)]


# --- conversations ---------------------------------------------------------------------------------------------------


def sources(settings: LanguageTraining, *, skip_bad: bool = False) -> Sources:
    """Conversations of files and of generators.

    Raises:
        ChatposeError: a file that can't be read, and where; nothing to learn.
    """
    data = settings.data
    files, bad = _read(data.files, skip_bad)
    held_out, bad_held_out = _read(data.held_out, skip_bad)
    facts: dict[str, Any] = {"files": len(files), "bad_lines": bad + bad_held_out}
    marks = [_digest(Path(name)) for name in data.files]
    generate: Draw | None = None
    banks = tuple(PoseBank.load(folder) for folder in _banks(data))
    if banks:
        generate, other = _generators(settings, banks)
        marks += [_digest(folder / HEAD) for folder in _banks(data)]
        held_out = Together([held_out, [other(number) for number in range(data.hold_out)]])
    facts |= {"generated": generate is not None, "held_out": len(held_out)}
    source = ConversationSource(settings.chunk, settings.seed, generate, files, data.generated)
    return Sources(source, held_out, banks, tuple(marks), facts)


def _banks(data: LanguageData) -> list[Path]:
    """Folders of banks: the one to learn from, and the one to measure on."""
    if data.bank is None:
        return []
    return [Path(one) for one in (data.bank, data.held_out_bank) if one is not None]


def _generators(settings: LanguageTraining, banks: Sequence[PoseBank]) -> tuple[Draw, Draw]:
    """What makes conversations to learn, and what makes others to measure on."""
    learned, *other = (Mixture(bank, settings.data.tasks or SHARES) for bank in banks)
    measured = other[0] if other else learned

    def draw(number: int) -> Conversation:
        return learned.conversation(settings.seed, number)

    def draw_other(number: int) -> Conversation:
        return measured.conversation(HELD_OUT_SEED, number)

    return draw, draw_other


def _read(names: Sequence[str], skip_bad: bool) -> tuple[Together, int]:
    """The conversations of files, and how many lines were left out."""
    files = [ConversationFile(name, skip_bad=skip_bad) for name in names]
    for problem in [problem for file in files for problem in file.problems][:TOLD_PROBLEMS]:
        log.warning("left out: %s", problem)
    return Together(files), sum(file.skipped for file in files)


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise MissingFileError(f"can't read {path}: {error.strerror or error}") from error
