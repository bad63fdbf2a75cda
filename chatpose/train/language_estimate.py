"""What a run will need, from the base's config alone: memory of a GPU, and time.

Parameters are counted, not guessed: the base is built without memory (torch's meta device), so shapes are real ones.
Activations and time follow from those shapes by the formulas that the report names; they are estimates, and fragments
of memory, the CUDA context and photos come on top.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from torch import nn

from chatpose.errors import ChatposeError, MissingFileError
from chatpose.language.nano.registration import register
from chatpose.train.language_settings import LanguageTraining

GIB = 2**30
DEFAULT_TFLOPS = 400.0
"""Dense bfloat16 TFLOP/s that a run may reach: about 40 % of an H100's or H200's 989 (their data sheets)."""
CONTEXT_GIB = 1.5
"""CUDA context, cuBLAS' workspaces and fragments."""
LEARNED_SHARE = 0.5
"""Of a row's tokens that are learned, and so have logits."""
CONVERSATION_TOKENS = 250


class NoEstimateError(ChatposeError, ValueError):
    """A base whose config says too little."""


@dataclass(frozen=True)
class BaseShape:
    """What counts of a base.

    Attributes:
        parameters: all.
        language: those of the language model's layers, without embeddings: what every token passes through.
        layers: of the language model.
        hidden: width.
        inner: of the layers' MLP.
        vocabulary: rows of the embedding.
        tied: whether input and output share their rows.
        lora_inputs: (in, out) of every linear layer that LoRA is added to.
        eyes: parameters of the part that sees.
    """

    parameters: int
    language: int
    layers: int
    hidden: int
    inner: int
    vocabulary: int
    tied: bool
    lora_inputs: tuple[tuple[int, int], ...]
    eyes: int


@dataclass(frozen=True)
class Estimate:
    """Bytes on every GPU, and seconds.

    Attributes:
        bytes_by: part of the memory, in the order of the report.
        trained: parameters that are learned.
        flops: of a step on one GPU.
        step_tokens: of a step on all GPUs.
        seconds: of a step.
    """

    bytes_by: dict[str, float]
    trained: dict[str, int]
    flops: float
    step_tokens: int
    seconds: float

    @property
    def gib(self) -> float:
        """All of the memory."""
        return sum(self.bytes_by.values()) / GIB


def base_shape(model: nn.Module, config: Any, targets: tuple[str, ...]) -> BaseShape:
    """Counts a base that was built on the meta device."""
    text = config.get_text_config()
    embedded, given_out = model.get_input_embeddings(), model.get_output_embeddings()  # pyright: ignore
    tied = bool(getattr(config, "tie_word_embeddings", getattr(text, "tie_word_embeddings", False)))
    language = list(_language_linears(model))
    wanted = [one for name, one in language if "all-linear" in targets or name.rpartition(".")[2] in targets]
    if not wanted:
        raise NoEstimateError(f"no layer {', '.join(targets)} in the base", expected="all-linear or names of layers")
    rows = embedded.weight.numel() + (0 if tied or given_out is None else given_out.weight.numel())
    counted = sum({id(one): one.numel() for one in model.parameters()}.values())
    counted -= (
        given_out.weight.numel() if tied and given_out is not None and given_out.weight is not embedded.weight else 0
    )
    inner = max((one.out_features for _, one in language), default=4 * text.hidden_size)
    through = sum(one.weight.numel() for _, one in language)
    return BaseShape(
        parameters=counted,
        language=through,
        layers=int(text.num_hidden_layers),
        hidden=int(text.hidden_size),
        inner=int(inner),
        vocabulary=int(embedded.weight.shape[0]),
        tied=tied,
        lora_inputs=tuple((one.in_features, one.out_features) for one in wanted),
        eyes=max(counted - through - rows, 0) if _eyes(config) else 0,
    )


def _eyes(config: Any) -> bool:
    return getattr(config, "vision_config", None) is not None


def _language_linears(model: nn.Module) -> Iterator[tuple[str, nn.Linear]]:
    """Linear layers of the decoder: not of what sees, nor the output."""
    out = model.get_output_embeddings()  # pyright: ignore
    decoder = model.get_decoder() if hasattr(model, "get_decoder") else model  # pyright: ignore
    for name, module in decoder.named_modules():
        if isinstance(module, nn.Linear) and module is not out:
            yield name, module


def empty_base(base: str, trust_remote_code: bool = False) -> tuple[nn.Module, Any]:
    """A base of the right shapes without memory, and its config.

    Args:
        base: hub name, or folder with config.json.
        trust_remote_code: let the base's own code run.

    Raises:
        MissingFileError: no such base.
    """
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForImageTextToText

    register()
    try:
        config = AutoConfig.from_pretrained(base, trust_remote_code=trust_remote_code)
    except (OSError, ValueError) as error:
        raise MissingFileError(
            f"no config of {base}: {str(error).splitlines()[0]}", expected="a hub name or a folder with config.json"
        ) from error
    kind = AutoModelForImageTextToText if _eyes(config) else AutoModelForCausalLM
    with torch.device("meta"):
        return kind.from_config(config, trust_remote_code=trust_remote_code), config


def estimate(
    shape: BaseShape,
    settings: LanguageTraining,
    pose_rows: int,
    *,
    gpus: int = 1,
    sharded: bool = False,
    tflops: float = DEFAULT_TFLOPS,
) -> Estimate:
    """What a step needs on each GPU.

    Args:
        shape: of the base.
        settings: of the run.
        pose_rows: rows that are added to the vocabulary.
        gpus: that share the work.
        sharded: FSDP: weights, gradients and optimiser are spread over the GPUs.
        tflops: that each GPU reaches.
    """
    half = 2 if settings.precision != "float32" else 4
    weight = {None: half, "4bit": 0.55}[settings.quantize]  # 4 bits and a scale for every 64 of them
    rows = shape.vocabulary + pose_rows
    sides = 1 if shape.tied else 2
    layers = shape.parameters - shape.vocabulary * shape.hidden * sides
    trained = {
        "LoRA": sum(settings.model.lora_rank * (ins + outs) for ins, outs in shape.lora_inputs),
        "pose rows": pose_rows * shape.hidden * sides,
    }
    learned = sum(trained.values())
    spread = gpus if sharded else 1
    tokens = settings.length
    # A layer's results in bfloat16: two norms, q, k, v, attention and its projection, gate, up, their product, down.
    layer = tokens * (8 * shape.hidden + 4 * shape.inner) * half
    kept = shape.layers * tokens * shape.hidden * half + layer if settings.checkpointing else shape.layers * layer
    logits = LEARNED_SHARE * tokens * rows * half * 2 + 3 * min(1024, tokens) * rows * 4
    by = {
        "base": (layers * weight + rows * shape.hidden * sides * half) / spread,
        "learned, float32": learned * 4 / spread,
        "gradients": learned * 4 / spread,
        "AdamW": learned * 8 / spread,
        "layers' results": kept,
        "logits": logits,
        # peft writes the learned rows into a copy of the whole embedding, whose gradient is as large.
        "copies of the embedding": 2 * 2 * rows * shape.hidden * half,
        "CUDA": CONTEXT_GIB * GIB,
    }
    # Forward 2 FLOPs a weight and token; backward 2 (frozen weights have no gradient of their own); 2 to compute again.
    passes = 2 + 2 + (2 if settings.checkpointing else 0)
    conversation = min(CONVERSATION_TOKENS, tokens)
    attention = 2 * shape.layers * shape.hidden * conversation  # scores and values, causal half, a token
    output = LEARNED_SHARE * rows * shape.hidden * 4 / passes
    flops = passes * tokens * (shape.language + trained["LoRA"] + attention + output)
    step = flops * settings.accumulate
    return Estimate(by, trained, step, tokens * settings.accumulate * gpus, step / (tflops * 1e12))


def report(base: str, shape: BaseShape, found: Estimate, settings: LanguageTraining, run: dict[str, Any]) -> str:
    """The estimate in words.

    Args:
        base: its name.
        shape: of it.
        found: of `estimate`.
        settings: of the run.
        run: `gpus`, `sharded`, `tflops`, and `steps` or `minutes`.
    """
    lines = [
        f"{base}: {_many(shape.parameters)} parameters ({_many(shape.language)} in the language model's layers"
        + (f", {_many(shape.eyes)} that see" if shape.eyes else "")
        + f"), {shape.layers} layers of {shape.hidden}, {shape.vocabulary:,} rows, "
        + ("one table for input and output" if shape.tied else "two tables"),
        "learned: " + ", ".join(f"{_many(count)} {name}" for name, count in found.trained.items()),
        f"memory of each GPU: {found.gib:.1f} GiB" + (" (FSDP)" if run["sharded"] else ""),
    ]
    lines += [f"  {size / GIB:7.2f} GiB  {name}" for name, size in found.bytes_by.items()]
    rate = found.step_tokens / found.seconds
    steps = run.get("steps") or math.ceil(60 * (run.get("minutes") or 0) / found.seconds)
    lines += [
        f"a step: {found.step_tokens:,} tokens, {found.flops / 1e12:,.0f} TFLOP on each of {run['gpus']} GPU(s), "
        f"{found.seconds:.1f} s, {rate:,.0f} tokens/s",
        f"the run: {steps:,} steps, {_time(steps * found.seconds)}, {_many(steps * found.step_tokens)} tokens, "
        f"about {steps * found.step_tokens // CONVERSATION_TOKENS:,} conversations",
        "How: parameters are counted on the base built from its config. Layers' results: "
        + ("a row's hidden states at every layer and one layer's insides" if settings.checkpointing else "all layers'")
        + f", {settings.length} tokens a row. Logits: of {LEARNED_SHARE:.0%} of the tokens. Time: "
        f"{6 if settings.checkpointing else 4} FLOPs a weight and token at {run['tflops']:.0f} TFLOP/s, which is "
        + ("assumed (--tflops to say otherwise)" if run.get("assumed") else "as given")
        + ". Photos, evaluation and reading data come on top.",
    ]
    return "\n".join(lines)


def _many(count: float) -> str:
    for size, name in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if count >= size:
            return f"{count / size:.2f} {name}"
    return f"{count:.0f}"


def _time(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
