"""The README of an adapter."""

from chatpose.train.language_settings import LanguageTraining


def language_card(
    settings: LanguageTraining, steps: int, seconds: float, figures: dict[str, float], left_out: dict[str, int]
) -> str:
    """What the adapter is, what it was trained on, what was measured."""
    model, data = settings.model, settings.data
    sources = [f"generated conversations ({data.bank})"] if data.bank else []
    sources += [f"`{name}`" for name in data.files]
    told = [f"| {name.replace('_', ' ')} | {value:.4g} |" for name, value in figures.items()]
    table = ["| held out | |", "| --- | --- |", *told] if told else ["Nothing was held out to measure on."]
    dropped = ", ".join(f"{count} {why}" for why, count in left_out.items()) or "none"
    front = ["---", f"base_model: {model.base}", "library_name: peft", "tags: [chatpose, lora, human-pose]", "---", ""]
    lines = [
        f"# PoseLM adapter of {model.base}",
        "",
        f"LoRA (rank {model.lora_rank}, alpha {model.lora_alpha}) and the rows of the pose tokens, level "
        f"{model.level}, mode {model.mode}. It holds no weights of the base; the base's licence applies to the two "
        "together.",
        "",
        "```python",
        "from chatpose.language import PoseLM",
        f'lm = PoseLM.from_pretrained("{model.base}", adapter="THIS FOLDER")',
        "```",
        "",
        f"Trained for {steps} steps ({seconds:.0f} s) by `chatpose train language`, seed {settings.seed}, on "
        f"{' and '.join(sources)}. Left out: {dropped}.",
        "",
        *table,
    ]
    return "\n".join(front + lines) + "\n"
