"""Tiny random bases with the structure of real ones, for tests: built in seconds, once a process, as folders on disk.

    from tiny_models import FAMILIES, EYES, tiny_base, photo

    folder = tiny_base("qwen2_5_vl")                    # Path: config.json, model.safetensors, tokenizer, processor
    lm = PoseLM.from_pretrained(str(folder))            # as a person would name a base
    tokenizer, processor = load_words("llava")          # fresh objects each time; processor is None for text-only
    folder = tiny_base("llama", chat_template=None)     # a base without a chat template; any other template as text
    folder = tiny_base("llama", seed=1)                 # the same structure, other weights: another base

Never write into a folder; copy it. `photo(3)` gives a small (H, W, 3) uint8 picture, another for every number.

What each has of the real one: config keys (tied or untied head, padded vocabulary, rope, layers that are looked at),
tokenizer class and special tokens, processor class, and the form of its chat template:

    llava       llava-hf/llava-1.5-7b-hf: untied head, `USER: … ASSISTANT: …`, photos come first, NO end-of-turn token
                in the template, blanks as ▁, padded rows
    qwen2_5_vl  Qwen/Qwen2.5-VL-3B-Instruct: tied head, mrope, adds its own system turn, `<|im_end|>`, padded rows, a
                flat config.json and no processor_config.json
    smolvlm     HuggingFaceTB/SmolVLM-256M-Instruct (Idefics3 classes): untied head, photos cut into tiles, contents
                must be lists, `<end_of_utterance>`
    llama       meta-llama/Llama-3.2-1B-Instruct: no eyes, tied head, `<|eot_id|>`, contents are strings that the
                template strips, BOS in the template
"""

import atexit
import functools
import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch

FAMILIES = ("llava", "qwen2_5_vl", "smolvlm", "llama")
EYES = ("llava", "qwen2_5_vl", "smolvlm")
"""Those that see photos."""
OWN = "the family's own"

_TEXTS = (
    "Stand with the left knee bent and both arms overhead. The right elbow is at 90 degrees.",
    "What is this pose? The person kneels, the torso leans forward, the head is turned left.",
    "Raise the right arm, please, and keep the legs as they are. How far is the hand from the foot?",
    "I can't do that: a knee doesn't bend backwards. Sit on the floor with crossed legs instead.",
    '<plan> left knee bent </plan> <tool_call>{"name": "search", "arguments": {"query": "warrior"}}</tool_call>',
    "USER: ASSISTANT: User: Assistant: system user assistant tool You are a helpful assistant.",
)

# The turns as the real templates write them, in our own words; a test compares one conversation of each by eye.
_TEMPLATES = {
    "llava": (
        "{% for message in messages %}"
        "{% if message['role'] != 'system' %}{{ message['role'].upper() + ': ' }}{% endif %}"
        "{% for part in message['content'] %}{% if part['type'] == 'image' %}{{ '<image>\n' }}{% endif %}{% endfor %}"
        "{% for part in message['content'] %}{% if part['type'] == 'text' %}{{ part['text'] + ' ' }}{% endif %}"
        "{% endfor %}{% endfor %}{% if add_generation_prompt %}{{ 'ASSISTANT:' }}{% endif %}"
    ),
    "qwen2_5_vl": (
        "{% for message in messages %}{% if loop.first and message['role'] != 'system' %}"
        "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n{% endif %}<|im_start|>{{ message['role'] }}\n"
        "{% if message['content'] is string %}{{ message['content'] }}{% else %}{% for part in message['content'] %}"
        "{% if part['type'] == 'image' %}<|vision_start|><|image_pad|><|vision_end|>"
        "{% elif 'text' in part %}{{ part['text'] }}{% endif %}{% endfor %}{% endif %}<|im_end|>\n{% endfor %}"
        "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
    ),
    "smolvlm": (
        "<|im_start|>{% for message in messages %}{{ message['role'] | capitalize }}"
        "{% if message['content'][0]['type'] == 'image' %}{{ ':' }}{% else %}{{ ': ' }}{% endif %}"
        "{% for part in message['content'] %}{% if part['type'] == 'text' %}{{ part['text'] }}"
        "{% elif part['type'] == 'image' %}{{ '<image>' }}{% endif %}{% endfor %}<end_of_utterance>\n{% endfor %}"
        "{% if add_generation_prompt %}{{ 'Assistant:' }}{% endif %}"
    ),
    "llama": (
        "{{ bos_token }}{% for message in messages %}"
        "{{ '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n' + message['content'] | trim"
        " + '<|eot_id|>' }}{% endfor %}"
        "{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}"
    ),
}
_SPECIAL = {
    "llava": ("<image>", "<pad>"),
    "qwen2_5_vl": (
        "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>", "<|vision_pad|>",
        "<|image_pad|>", "<|video_pad|>",
    ),
    "smolvlm": (
        "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<fake_token_around_image>", "<image>", "<end_of_utterance>",
        "<global-img>", *(f"<row_{row}_col_{column}>" for row in range(1, 7) for column in range(1, 7)),
    ),
    "llama": (
        "<|begin_of_text|>", "<|end_of_text|>", "<|finetune_right_pad_id|>", "<|start_header_id|>",
        "<|end_header_id|>", "<|eot_id|>", "<|python_tag|>",
    ),
}  # fmt: skip
# Sizes are tiny, and weights wide: a frozen head of narrow random rows couldn't prefer any word.
_TEXT = {
    "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 4,
    "num_key_value_heads": 2, "head_dim": 16, "max_position_embeddings": 2048, "initializer_range": 0.15,
}  # fmt: skip


@functools.cache
def _home() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="tiny-models-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@functools.cache
def tiny_base(family: str, *, chat_template: str | None = OWN, seed: int = 0) -> Path:
    """The folder of a tiny base; the same one for the same arguments."""
    import transformers

    folder = Path(tempfile.mkdtemp(prefix=f"{family}-{seed}-", dir=_home()))
    tokenizer = _tokenizer(family)
    tokenizer.chat_template = _TEMPLATES[family] if chat_template == OWN else chat_template
    tokenizer.save_pretrained(folder)
    config = _config(family, tokenizer)
    kind = transformers.AutoModelForImageTextToText if family in EYES else transformers.AutoModelForCausalLM
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = kind.from_config(config)
    model.generation_config.eos_token_id = tokenizer.convert_tokens_to_ids(_end_of_turn(family))
    model.generation_config.pad_token_id = tokenizer.pad_token_id
    model.save_pretrained(folder)
    if family in EYES:
        _write_processor(family, folder)
    if family == "qwen2_5_vl":
        flat = _flat_qwen(dict(_TEXT, vocab_size=_padded(tokenizer)), tokenizer.convert_tokens_to_ids)
        (folder / "config.json").write_text(json.dumps(flat, indent=2))
    return folder


def load_words(family: str, **options: Any) -> tuple[Any, Any]:
    """Tokenizer and processor of a base, new objects; the processor works with this tokenizer."""
    import transformers

    from chatpose.language.processors import load_processor

    folder = str(tiny_base(family, **options))
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    return tokenizer, load_processor(folder, tokenizer) if family in EYES else None


def photo(number: int, size: tuple[int, int] = (64, 64)) -> np.ndarray:
    """(H, W, 3) uint8: coloured blocks, others for every number."""
    blocks = np.random.default_rng(number).integers(0, 256, (4, 4, 3), dtype=np.uint8)
    rows, columns = (np.arange(length) * 4 // length for length in size)
    return blocks[rows][:, columns]


def _end_of_turn(family: str) -> str:
    return {"llava": "</s>", "qwen2_5_vl": "<|im_end|>", "smolvlm": "<end_of_utterance>", "llama": "<|eot_id|>"}[family]


# --- words -----------------------------------------------------------------------------------------------------------


def _tokenizer(family: str) -> Any:
    import transformers

    vocabulary, merges = _learn(metaspace=family == "llava")
    special = list(_SPECIAL[family])
    if family == "llava":
        made = transformers.LlamaTokenizer(vocab=vocabulary, merges=merges, legacy=False, add_prefix_space=True)
        made.add_special_tokens({"pad_token": "<pad>", "additional_special_tokens": ["<image>"]})
        return made
    if family == "qwen2_5_vl":
        made = transformers.Qwen2Tokenizer(
            vocab=vocabulary, merges=merges, eos_token="<|im_end|>", pad_token="<|endoftext|>"
        )
    elif family == "smolvlm":
        made = transformers.GPT2Tokenizer(
            vocab=vocabulary, merges=merges, bos_token="<|im_start|>", eos_token="<end_of_utterance>",
            unk_token="<|endoftext|>", pad_token="<|im_end|>",
        )  # fmt: skip
    else:
        made = _llama_3(vocabulary, merges)
    made.add_special_tokens({"additional_special_tokens": special})
    return made


def _llama_3(vocabulary: dict[str, int], merges: list[tuple[str, str]]) -> Any:
    """Byte-level BPE with BOS before a text, as Llama 3 has it."""
    import tokenizers
    import transformers

    inner = tokenizers.Tokenizer(tokenizers.models.BPE(vocab=vocabulary, merges=merges, ignore_merges=True))
    inner.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = tokenizers.decoders.ByteLevel()
    bos = "<|begin_of_text|>"
    inner.add_special_tokens(list(_SPECIAL["llama"]))
    inner.post_processor = tokenizers.processors.Sequence(
        [
            tokenizers.processors.ByteLevel(trim_offsets=False),
            tokenizers.processors.TemplateProcessing(
                single=f"{bos} $A", pair=f"{bos} $A {bos} $B", special_tokens=[(bos, inner.token_to_id(bos))]
            ),
        ]
    )
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=inner, bos_token=bos, eos_token="<|eot_id|>", pad_token="<|finetune_right_pad_id|>",
        clean_up_tokenization_spaces=False,
    )  # fmt: skip


@functools.cache
def _learn(metaspace: bool) -> tuple[dict[str, int], list[tuple[str, str]]]:
    """A small BPE of our sentences: byte-level, or with ▁ and single bytes at need as SentencePiece has it."""
    import tokenizers

    learner = tokenizers.Tokenizer(
        tokenizers.models.BPE(byte_fallback=metaspace, unk_token="<unk>" if metaspace else None)
    )
    if metaspace:
        learner.pre_tokenizer = tokenizers.pre_tokenizers.Metaspace()
        first = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256))]
        alphabet = ["▁"]
    else:
        learner.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
        first, alphabet = [], sorted(tokenizers.pre_tokenizers.ByteLevel.alphabet())
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=600, special_tokens=first, initial_alphabet=alphabet, show_progress=False
    )
    learner.train_from_iterator(_TEXTS * 4, trainer)
    model = json.loads(learner.to_str())["model"]
    return model["vocab"], [tuple(pair) for pair in model["merges"]]


# --- models ----------------------------------------------------------------------------------------------------------


def _padded(tokenizer: Any) -> int:
    """Rows of a vocabulary that is padded to a multiple of 64, with some to spare."""
    return -(-(len(tokenizer) + 1) // 64) * 64


def _config(family: str, tokenizer: Any) -> Any:
    import transformers

    ids = tokenizer.convert_tokens_to_ids
    text = dict(_TEXT, vocab_size=_padded(tokenizer))
    if family == "llama":
        text |= {"vocab_size": len(tokenizer), "max_position_embeddings": 131072}  # Llama 3 isn't padded
        rope = {
            "rope_type": "llama3", "rope_theta": 500000.0, "factor": 32.0, "low_freq_factor": 1.0,
            "high_freq_factor": 4.0, "original_max_position_embeddings": 8192,
        }  # fmt: skip
        return transformers.LlamaConfig(
            **text, rms_norm_eps=1e-5, tie_word_embeddings=True, rope_parameters=rope,
            bos_token_id=ids("<|begin_of_text|>"), eos_token_id=ids("<|eot_id|>"),
        )  # fmt: skip
    if family == "llava":
        vision = {
            "model_type": "clip_vision_model", "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 3,
            "num_attention_heads": 2, "image_size": 56, "patch_size": 14, "projection_dim": 32, "vocab_size": 32000,
        }  # fmt: skip
        return transformers.LlavaConfig(
            text_config={"model_type": "llama", **text, "rms_norm_eps": 1e-5},
            vision_config=vision, image_token_index=ids("<image>"), image_seq_length=16,
            vision_feature_layer=-2, vision_feature_select_strategy="default", tie_word_embeddings=False,
        )  # fmt: skip
    if family == "smolvlm":
        vision = {
            "model_type": "idefics3_vision", "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2,
            "num_attention_heads": 2, "image_size": 64, "patch_size": 8, "initializer_range": 0.1,
        }  # fmt: skip
        text |= {"rms_norm_eps": 1e-5, "rope_theta": 1e5, "pad_token_id": tokenizer.pad_token_id}
        return transformers.Idefics3Config(
            text_config={"model_type": "llama", **text}, vision_config=vision, scale_factor=4,
            image_token_id=ids("<image>"), pad_token_id=tokenizer.pad_token_id, tie_word_embeddings=False,
        )  # fmt: skip
    return transformers.Qwen2_5_VLConfig.from_dict(_flat_qwen(text, ids))


def _flat_qwen(text: dict[str, Any], ids: Any) -> dict[str, Any]:
    """config.json as it lies on the hub: the language model's keys beside those of the whole."""
    vision = {
        "depth": 2, "hidden_act": "silu", "hidden_size": 32, "intermediate_size": 64, "num_heads": 2, "in_chans": 3,
        "out_hidden_size": 64, "patch_size": 14, "spatial_merge_size": 2, "spatial_patch_size": 14, "window_size": 56,
        "fullatt_block_indexes": [1], "tokens_per_second": 2, "temporal_patch_size": 2,
    }  # fmt: skip
    text = {name: value for name, value in text.items() if name != "head_dim"}
    return text | {
        "architectures": ["Qwen2_5_VLForConditionalGeneration"], "model_type": "qwen2_5_vl", "attention_dropout": 0.0,
        "bos_token_id": ids("<|endoftext|>"), "eos_token_id": ids("<|im_end|>"), "hidden_act": "silu",
        "vision_start_token_id": ids("<|vision_start|>"), "vision_end_token_id": ids("<|vision_end|>"),
        "vision_token_id": ids("<|vision_pad|>"), "image_token_id": ids("<|image_pad|>"),
        "video_token_id": ids("<|video_pad|>"), "max_window_layers": 70, "rms_norm_eps": 1e-06, "rope_theta": 1e6,
        "sliding_window": 32768, "tie_word_embeddings": True, "torch_dtype": "float32", "use_cache": True,
        "use_sliding_window": False, "vision_config": vision,
        "rope_scaling": {"type": "mrope", "mrope_section": [2, 3, 3]},
    }  # fmt: skip


def _write_processor(family: str, folder: Path) -> None:
    """The files that the real ones have, with small sizes."""
    photos: dict[str, Any]
    if family == "llava":
        photos = {
            "image_processor_type": "CLIPImageProcessor", "size": {"shortest_edge": 56},
            "crop_size": {"height": 56, "width": 56}, "processor_class": "LlavaProcessor",
        }  # fmt: skip
        # As converted: `default` drops the class token, one additional token stands for it.
        settings = {
            "processor_class": "LlavaProcessor", "patch_size": 14, "vision_feature_select_strategy": "default",
            "image_token": "<image>", "num_additional_image_tokens": 1,
        }  # fmt: skip
    elif family == "smolvlm":
        photos = {
            "image_processor_type": "Idefics3ImageProcessor", "size": {"longest_edge": 128},
            "max_image_size": {"longest_edge": 64}, "do_image_splitting": True,
            "image_mean": [0.5] * 3, "image_std": [0.5] * 3, "processor_class": "Idefics3Processor",
        }  # fmt: skip
        settings = {"processor_class": "Idefics3Processor", "image_seq_len": 4}
    else:
        photos = {
            "image_processor_type": "Qwen2VLImageProcessor", "min_pixels": 28 * 28, "max_pixels": 56 * 56,
            "patch_size": 14, "temporal_patch_size": 2, "merge_size": 2, "processor_class": "Qwen2_5_VLProcessor",
        }  # fmt: skip
        settings = None  # the real one has no processor_config.json
    (folder / "preprocessor_config.json").write_text(json.dumps(photos, indent=2))
    if settings is not None:
        (folder / "processor_config.json").write_text(json.dumps(settings, indent=2))
