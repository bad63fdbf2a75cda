"""The folder that a training run of PoseLM leaves.

runs/NAME/config.yaml       all settings, those by default too
runs/NAME/about.json        command, commit, versions, machine, fingerprints
runs/NAME/log.jsonl         a line for every so many steps and every measurement
runs/NAME/checkpoint/       to go on from
runs/NAME/adapter/          what `PoseLM.from_pretrained` loads
"""

import json
import platform
import shlex
import shutil
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import yaml

from chatpose.errors import UnwritableFileError
from chatpose.pretrained import config_to_dict
from chatpose.safefiles import atomic_write, made_folder
from chatpose.train.language_settings import LanguageTraining
from chatpose.train.language_trainer import LanguageTrainer

RECOGNISE = ("pose_fingerprint", "template_hash", "base_hash", "base_sample", "first_pose_id")
PACKAGES = ("chatpose", "torch", "transformers", "peft", "accelerate")


class RunFolder:
    """Where a run is kept.

    Args:
        path: made when it isn't there.
        main: whether this process writes.
    """

    def __init__(self, path: Path, main: bool = True) -> None:
        self.path, self.main = path, main
        if main:
            made_folder(path)

    @property
    def checkpoint(self) -> Path:
        """Where the run goes on from."""
        return self.path / "checkpoint"

    @property
    def adapter(self) -> Path:
        """What the run is for."""
        return self.path / "adapter"

    def begin(self, settings: LanguageTraining, about: dict[str, Any]) -> None:
        """Writes what was asked for."""
        if not self.main:
            return
        settings_text = yaml.safe_dump(_plain(settings), sort_keys=False, allow_unicode=True)
        for name, text in (("config.yaml", settings_text), ("about.json", json.dumps(about, indent=1) + "\n")):
            with atomic_write(self.path / name) as temporary:
                temporary.write_text(text, encoding="utf-8")

    def tell(self, **row: Any) -> None:
        """Adds a line to the log."""
        if not self.main:
            return
        rounded = {name: round(value, 6) if isinstance(value, float) else value for name, value in row.items()}
        try:
            with (self.path / "log.jsonl").open("a", encoding="utf-8") as file:
                file.write(json.dumps(rounded) + "\n")
        except OSError as error:
            raise UnwritableFileError(f"can't write {self.path / 'log.jsonl'}: {error.strerror or error}") from error

    def cut_log(self, step: int) -> None:
        """Takes away what was told after a checkpoint that the run goes back to."""
        path = self.path / "log.jsonl"
        if not self.main or not path.exists():
            return
        lines = path.read_text(encoding="utf-8").splitlines()
        kept = [line for line in lines if _step_of(line) <= step]
        with atomic_write(path) as temporary:
            temporary.write_text("".join(line + "\n" for line in kept), encoding="utf-8")


def _step_of(line: str) -> float:
    try:
        return float(json.loads(line)["step"])
    except (ValueError, KeyError, TypeError):
        return float("inf")  # half a line of a broken run


def _plain(settings: LanguageTraining) -> dict[str, Any]:
    """For YAML: what `read_settings` reads."""
    fields = json.loads(json.dumps(config_to_dict(settings)))
    # What recognises the base is the adapter's; here it is empty.
    fields["model"] = {name: value for name, value in fields["model"].items() if name not in RECOGNISE}
    return {name: value for name, value in fields.items() if name not in ("kind", "version")}


def about_run(trainer: LanguageTrainer, **facts: Any) -> dict[str, Any]:
    """Where and with what a run is made."""
    import torch

    device = trainer.accelerator.device
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else platform.processor() or platform.machine()
    return {
        "command": command(),
        "commit": commit(),
        "versions": {package: _version(package) for package in PACKAGES},
        "device": f"{device.type}: {name}",
        "processes": trainer.accelerator.num_processes,
        "packing": trainer.packing,
        "learned": sum(one.numel() for one in trainer.parameters.values()),
        "key": trainer.key,
        **facts,
    }


def command() -> str:
    """What was typed, by whichever of the two ways in."""
    words = sys.argv[1:]
    way_in = ["chatpose"] if words[:2] == ["train", "language"] else ["python", "-m", "chatpose.train.language"]
    return shlex.join([*way_in, *words])


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def commit() -> str | None:
    """Of the checkout that this package is in, "+" when files were changed; None where there is none."""
    place = Path(__file__).resolve().parent
    if shutil.which("git") is None:
        return None
    told = [
        subprocess.run(["git", "-C", str(place), *words], capture_output=True, text=True, check=False)
        for words in (("rev-parse", "HEAD"), ("status", "--porcelain", "--untracked-files=no"))
    ]
    if any(one.returncode for one in told):
        return None
    return told[0].stdout.strip() + ("+" if told[1].stdout.strip() else "")
