"""`PoseLM`: a language model of any size, with or without eyes, that reads and writes poses.

lm = PoseLM.from_pretrained("Qwen/Qwen2.5-VL-3B-Instruct", adapter="runs/mine/adapter")
reply = lm.reply(Conversation((Message.say("user", "A warrior pose, please."),)))
reply.poses[0], reply.message, reply.raw_text
"""

import copy
import dataclasses
import hashlib
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor

from chatpose.body.pose import Pose
from chatpose.corpus.instructions.messages import Conversation
from chatpose.language.adapter import (
    adapter_fingerprint,
    adapter_tensors,
    is_adapter,
    load_tensors,
    read_config,
    rows_in_place,
    with_adapter,
    write_adapter,
)
from chatpose.language.base import Base, base_hash, base_sample, check_base, load_base
from chatpose.language.batches import left_padded
from chatpose.language.config import PoseLMConfig, PoseLMError
from chatpose.language.decoding import Keep, PoseConstraint, Sampling
from chatpose.language.regression_head import RegressionHead
from chatpose.language.rendering import Rendered, Renderer
from chatpose.language.reply import Reply
from chatpose.language.rows import add_pose_rows, level_vocabulary
from chatpose.pose_tokenizer.tokenizer import PoseTokenizer
from chatpose.pose_tokenizer.tokens import PoseTokens
from chatpose.pose_tokenizer.vocabulary import PoseVocabulary


class PoseLM:
    """A base with an adapter. `from_pretrained` makes one.

    Args:
        model: of peft.
        tokenizer: with the pose words.
        processor: of photos; None without eyes.
        vocabulary: of the pose tokens, with the base's ids.
        pose_tokenizer: of the same codebooks.
        config: with all that recognises the base.
        regression_head: with `config.mode` "regression".
    """

    def __init__(
        self,
        model: Any,
        tokenizer: Any,
        processor: Any | None,
        vocabulary: PoseVocabulary,
        pose_tokenizer: PoseTokenizer,
        config: PoseLMConfig,
        regression_head: RegressionHead | None = None,
    ) -> None:
        self.model = model
        self.tokenizer = tokenizer
        self.processor = processor
        self.vocabulary = vocabulary
        self.pose_tokenizer = pose_tokenizer
        self.config = config
        self.regression_head = regression_head
        self._busy = threading.RLock()

    @classmethod
    def from_pretrained(
        cls,
        base_or_adapter: str | Path,
        adapter: str | Path | None = None,
        *,
        config: PoseLMConfig | None = None,
        dtype: str = "auto",
        quantize: Literal["4bit"] | None = None,
        device: str | torch.device | None = None,
        trust_remote_code: bool = False,
        pose_tokenizer: PoseTokenizer | None = None,
    ) -> "PoseLM":
        """Loads a base with an adapter; with a new one, which changes nothing but knows pose tokens, to be trained.

        Args:
            base_or_adapter: the base by hub name or folder; or an adapter's folder, which knows its base.
            adapter: folder that `save_pretrained` wrote.
            config: of a new adapter; `base` and what recognises it are filled in.
            dtype: of the base's weights: "auto" (as stored), "float32", "bfloat16" or "float16".
            quantize: "4bit" loads the base's linear layers in 4 bits.
            device: a GPU where there is one, else the CPU, when absent.
            trust_remote_code: let the base's own code run.
            pose_tokenizer: the one that ships with chatpose when absent.

        Raises:
            MissingExtraError: a package isn't installed.
            MissingFileError: no such base or adapter.
            UnreadableFileError: one of them is damaged.
            PoseLMError: a base that can't have pose tokens; an adapter of another base, template or pose tokenizer.
            RenderError: a base without a chat template.
        """
        if adapter is None and is_adapter(base_or_adapter):
            adapter, base_or_adapter = base_or_adapter, read_config(Path(base_or_adapter))[0].base
        if adapter is not None and config is not None:
            raise PoseLMError("a config for an adapter that has its own", fix="leave one of them out")
        pose_tokenizer = pose_tokenizer or PoseTokenizer.load()
        source = str(base_or_adapter)
        stored, mark = (None, "") if adapter is None else read_config(Path(adapter))
        if stored is not None:
            _check_pose_tokenizer(stored, pose_tokenizer)
        base = load_base(source, dtype=dtype, quantize=quantize, device=device, trust_remote_code=trust_remote_code)
        wanted = stored or dataclasses.replace(config or PoseLMConfig(), base=source)
        if stored is not None:
            check_base(stored, base.model, len(base.tokenizer), source)
        lm = _assembled(cls, base, wanted, pose_tokenizer)
        if stored is None or adapter is None:
            return lm
        _check_same(stored, lm.config, source)
        load_tensors(Path(adapter), lm.model, stored, mark, lm.regression_head)
        lm.config = stored
        return lm

    @property
    def has_eyes(self) -> bool:
        """Whether it sees photos; without eyes it reads the pose that perception found."""
        return self.processor is not None

    @cached_property
    def renderer(self) -> Renderer:
        """Shows conversations to the base."""
        return _renderer(self.processor or self.tokenizer, self.vocabulary, self.pose_tokenizer, self.config)

    @property
    def device(self) -> torch.device:
        """Where the model is."""
        return self.model.get_input_embeddings().weight.device

    @property
    def fingerprint(self) -> str:
        """Hexadecimal SHA-256 of settings and of what was learned; computed anew each time."""
        return adapter_fingerprint(self.config, adapter_tensors(self.model), self._head_state())

    # --- saving ------------------------------------------------------------------------------------------------------

    def save_pretrained(self, folder: str | Path, card: str, *, state: Mapping[str, Tensor] | None = None) -> None:
        """Writes the adapter's folder, replacing an earlier one; on any failure that one stays as it was.

        Args:
            folder: new, empty, or an earlier adapter and nothing else.
            card: text of README.md: what it is, origin, licence, command, figures.
            state: learned parameters by name, `model.…` and `head.…`, where processes hold only parts of them (FSDP).

        Raises:
            UnwritableFileError: the folder holds other files, can't be written, or the disk is full.
        """
        told = {name.removeprefix("model."): one for name, one in (state or {}).items() if name.startswith("model.")}
        learned = {name.removeprefix("head."): one for name, one in (state or {}).items() if name.startswith("head.")}
        tensors = adapter_tensors(self.model, told or None)
        words = self.processor or self.tokenizer
        write_adapter(Path(folder), self.model, words, self.config, card, tensors, learned or self._head_state())

    def _head_state(self) -> dict[str, Tensor] | None:
        return None if self.regression_head is None else self.regression_head.state_dict()

    def merged(self) -> Any:
        """A transformers model with the adapter in its weights, for servers that know nothing of adapters.

        A copy: it takes the base's memory once more. Its tokenizer is `tokenizer`, its processor `processor`.

        Raises:
            PoseLMError: a base in 4 bits, in whose weights the adapter would be rounded away.
        """
        base = self.model.get_base_model()
        if getattr(base, "is_quantized", False):
            raise PoseLMError("a base in 4 bits", expected="its own weights", fix="load it without quantize")
        model = copy.deepcopy(self.model).merge_and_unload()
        model.requires_grad_(False)
        return model.eval()

    # --- answering ---------------------------------------------------------------------------------------------------

    def reply(
        self,
        conversation: Conversation,
        *,
        sampling: Sampling | None = None,
        constrain: bool = True,
        keep: Keep | None = None,
        stop: Callable[[], bool] | None = None,
    ) -> Reply:
        """The next message of a conversation.

        Args:
            conversation: the user's message or a tool's result last.
            sampling: how it is drawn, one answer.
            constrain: pose blocks are always whole.
            keep: parts of a pose that an edit leaves alone.
            stop: asked before each token; once true, the answer ends there.

        Raises:
            RenderError: a conversation that the base can't be shown.
            DecodingError: settings that contradict each other.
        """
        sampling = sampling or Sampling()
        if sampling.count > 1:
            raise PoseLMError(f"{sampling.count} answers to one question", fix="ask `replies`")
        return self.replies([conversation], sampling=sampling, constrain=constrain, keep=[keep], stop=stop)[0]

    @torch.no_grad()
    def replies(
        self,
        conversations: Sequence[Conversation],
        *,
        sampling: Sampling | None = None,
        constrain: bool = True,
        keep: Sequence[Keep | None] | None = None,
        stop: Callable[[], bool] | None = None,
    ) -> list[Reply]:
        """The next message of several conversations at once.

        Args:
            conversations: each with the user's message or a tool's result last.
            sampling: how they are drawn; the answers of one conversation stand together.
            constrain: pose blocks are always whole.
            keep: for each conversation what an edit leaves alone.
            stop: asked before each token; once true, all answers end there.

        Returns:
            `sampling.count` answers for each conversation, the same as if each was alone but for rounding.

        Raises:
            RenderError: a conversation that the base can't be shown.
            DecodingError: settings that contradict each other.
        """
        if not conversations:
            return []
        sampling = sampling or Sampling()
        shown = [self.renderer.render(one, generate=True) for one in conversations]
        kept = list(keep or [None] * len(shown))
        inputs = left_padded(shown, self._pad_id)
        length = inputs["input_ids"].shape[1]
        processors: list[Any] = [_OnlyWords(self.vocabulary)]
        if constrain:
            edits = [self.renderer.last_pose(one) is not None for one in conversations]
            processors.append(self._constraint(length, sampling, kept, edits))
        with self.at_work():
            written = self._generate(inputs, [*processors, *sampling.processors(length)], sampling, stop)
            told = written[:, length:].tolist()
            each = [shown[row // sampling.count] for row in range(len(told))]
            poses = [self._regressed(one, ids) for one, ids in zip(each, told, strict=True)]
        bases = [self._edited(one, held) for one, held in zip(conversations, kept, strict=True)]
        return [self._read(ids, each[row], bases[row // sampling.count], poses[row]) for row, ids in enumerate(told)]

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """The model to oneself, without dropout and with the learned rows in place; other threads wait."""
        with self._busy:
            was = self.model.training
            self.model.eval()
            try:
                with rows_in_place(self.model):
                    yield
            finally:
                self.model.train(was)

    def _generate(
        self,
        inputs: Mapping[str, Tensor],
        processors: list[Any],
        sampling: Sampling,
        stop: Callable[[], bool] | None,
    ) -> Tensor:
        from transformers import LogitsProcessorList, StoppingCriteriaList

        return self.model.generate(
            **{name: value.to(self.device) for name, value in inputs.items()},
            logits_processor=LogitsProcessorList(processors),
            eos_token_id=list(self._end_ids),
            pad_token_id=self._pad_id,
            use_cache=True,
            stopping_criteria=StoppingCriteriaList([] if stop is None else [_Stopped(stop)]),
            **sampling.options(),
        )

    def _constraint(
        self, length: int, sampling: Sampling, keep: Sequence[Keep | None], edits: Sequence[bool]
    ) -> PoseConstraint:
        return PoseConstraint(
            self.vocabulary,
            self.config.level,
            prompt_length=length,
            max_new_tokens=sampling.max_new_tokens,
            keep=keep,
            edits=edits,
            ends=self._end_ids,
            banned=self.renderer.banned_ids,
            lone=self.config.mode == "regression",
        )

    @cached_property
    def _end_ids(self) -> tuple[int, ...]:
        """What ends an answer: the template's end of a turn, and the base's own."""
        own = self.model.generation_config.eos_token_id
        return tuple(dict.fromkeys([*self.renderer.end_ids, *([own] if isinstance(own, int) else own or [])]))

    @property
    def _pad_id(self) -> int:
        pad = self.tokenizer.pad_token_id
        return self.renderer.end_ids[0] if pad is None else pad

    def _edited(self, conversation: Conversation, keep: Keep | None) -> PoseTokens | None:
        """The pose that an edit changes."""
        if keep is not None:
            return keep.tokens
        return self.renderer.edited(conversation)

    def _read(self, ids: Sequence[int], shown: Rendered, base: PoseTokens | None, poses: Sequence[Pose]) -> Reply:
        reply = Reply.read(ids, self.renderer, base=base, poses=poses, ends=self._end_ids)
        return dataclasses.replace(reply, notes=(*shown.notes, *reply.notes))

    def _regressed(self, shown: Rendered, ids: Sequence[int]) -> list[Pose]:
        """The poses of an answer's `<pose>` tokens."""
        if self.regression_head is None:
            return []
        ends = [place for place, number in enumerate(ids) if number in self._end_ids]
        answer = list(ids[: ends[0]]) if ends else list(ids)
        places = [len(shown) + place for place, number in enumerate(answer) if number == self.vocabulary.begin]
        if not places:
            return []
        whole = dataclasses.replace(shown, input_ids=torch.cat([shown.input_ids, torch.tensor(answer)]))
        inputs = {name: value.to(self.device) for name, value in left_padded([whole], self._pad_id).items()}
        seen: list[Tensor] = []
        head = self.model.get_base_model().get_output_embeddings()
        hook = head.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
        try:
            self.model(**inputs, use_cache=False)
        finally:
            hook.remove()
        rotations = self.regression_head(seen[0][0, places]).cpu()
        return [Pose.from_rotations(one) for one in rotations]


class _Stopped:
    """Ends all answers once somebody says so."""

    def __init__(self, stop: Callable[[], bool]) -> None:
        self.stop = stop

    def __call__(self, input_ids: Tensor, scores: Any, **_: Any) -> Tensor:
        """(rows,) bool, whether each row is done."""
        return torch.full((len(input_ids),), self.stop(), dtype=torch.bool, device=input_ids.device)


class _OnlyWords:
    """Rows behind the last token belong to no word."""

    def __init__(self, vocabulary: PoseVocabulary) -> None:
        self.end = vocabulary.first_id + len(vocabulary)

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:
        """(rows, vocabulary) scores; written in place."""
        scores[:, self.end :] = -torch.inf
        return scores


def _assembled(kind: type[PoseLM], base: Base, config: PoseLMConfig, pose_tokenizer: PoseTokenizer) -> PoseLM:
    """A base with pose rows and a new adapter, and settings that recognise it."""
    tokens = len(base.tokenizer)
    recognised = {"base_hash": base_hash(base.model, tokens), "base_sample": base_sample(base.model, tokens)}
    words = level_vocabulary(pose_tokenizer, config.level)
    vocabulary = add_pose_rows(base.model, base.tokenizer, pose_tokenizer, words)
    template = _renderer(base.processor or base.tokenizer, vocabulary, pose_tokenizer, config).template.text
    config = dataclasses.replace(
        config,
        pose_fingerprint=pose_tokenizer.codebook_fingerprint,
        template_hash=hashlib.sha256(template.encode()).hexdigest(),
        first_pose_id=vocabulary.first_id,
        **recognised,
    )
    model = with_adapter(base.model, config, vocabulary).eval()
    head = None
    if config.mode == "regression":
        head = RegressionHead(base.model.get_input_embeddings().weight.shape[1]).to(base.model.device)
    return kind(model, base.tokenizer, base.processor, vocabulary, pose_tokenizer, config, head)


def _renderer(words: Any, vocabulary: PoseVocabulary, pose_tokenizer: PoseTokenizer, config: PoseLMConfig) -> Renderer:
    return Renderer(
        words, vocabulary, pose_tokenizer, config.level, mode=config.mode, stage_weights=config.stage_weights
    )


def _check_pose_tokenizer(config: PoseLMConfig, pose_tokenizer: PoseTokenizer) -> None:
    found = pose_tokenizer.codebook_fingerprint
    if config.pose_fingerprint != found:
        raise PoseLMError(
            f"the adapter was made for the pose tokenizer {config.pose_fingerprint[:12]}",
            expected=f"one for {found[:12]}",
            fix="load it with its own pose tokenizer, or train it anew",
        )


def _check_same(stored: PoseLMConfig, found: PoseLMConfig, source: str) -> None:
    """Refuses a base whose template or vocabulary isn't what an adapter was trained with."""
    if stored.template_hash != found.template_hash:
        raise PoseLMError(
            f"the adapter was made for the chat template {stored.template_hash[:12]} of {stored.base}",
            expected=f"{found.template_hash[:12]}, that of {source}",
            fix="load it on the revision of its base that it was trained on",
        )
    if stored.first_pose_id != found.first_pose_id:
        raise PoseLMError(
            f"the adapter's pose tokens begin at {stored.first_pose_id}",
            expected=f"{found.first_pose_id}, behind the tokens of {source}",
            fix="load it on the revision of its base that it was trained on",
        )
