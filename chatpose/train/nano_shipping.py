"""The folders that ship: base and adapter in half precision, with their cards."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path

from chatpose.language.nano.base_files import FILES, TENSORS_NAME
from chatpose.language.pose_lm import PoseLM
from chatpose.pretrained import replaced_folder
from chatpose.safefiles import made_folder
from chatpose.train.nano import NanoRun
from chatpose.train.nano_card import adapter_card, base_card

NAME = "chatpose-nano"
_OF_BASE = ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja", "special_tokens_map.json")
"""Written beside adapters; here they would repeat the base's, and the pose words are added when it is loaded."""


def ship(run: NanoRun, lm: PoseLM, out: Path, figures: Mapping[str, Mapping[str, float]]) -> int:
    """Writes `base` and `adapter`.

    Args:
        run: that trained them.
        lm: trained, rounded.
        out: folder.
        figures: for the cards.

    Returns:
        Bytes of all files.
    """
    made_folder(out)
    made = run.work / "base"
    with replaced_folder(out / "base", FILES) as new:
        for path in sorted(made.iterdir()):
            if path.name != "README.md":
                (new / path.name).write_bytes(path.read_bytes())
        (new / "README.md").write_text(base_card(run, (made / TENSORS_NAME).stat().st_size), encoding="utf-8")
    lm.config = dataclasses.replace(lm.config, base=NAME)
    state = {f"model.{name}": one.detach().half() for name, one in lm.model.named_parameters() if one.requires_grad}
    lm.save_pretrained(out / "adapter", adapter_card(run, figures), state=state)
    for name in _OF_BASE:
        (out / "adapter" / name).unlink(missing_ok=True)
    return sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
