"""Settings, length and folder of a training run from the command line's options."""

import argparse
from dataclasses import replace
from pathlib import Path

from chatpose.errors import ChatposeError
from chatpose.train.language_options import DEFAULT_STEPS
from chatpose.train.language_settings import LanguageData, LanguageTraining
from chatpose.train.settings import read_settings
from chatpose.train.vqvae_settings import Budget


def settings_of(options: argparse.Namespace) -> LanguageTraining:
    """Settings from the file, with what the command line says over it.

    Raises:
        ChatposeError: no base is named; a file that can't be read.
    """
    default = LanguageTraining()
    settings = read_settings(default, options.config, ("role_weights", "tasks")) if options.config else default
    if options.base:
        settings = replace(settings, model=replace(settings.model, base=options.base))
    if not settings.model.base:
        raise ChatposeError("no base model", expected="--base MODEL, or model: base: in the settings")
    return replace(settings, data=_data(settings.data, options))


def _data(data: LanguageData, options: argparse.Namespace) -> LanguageData:
    if options.bank:
        data = replace(data, bank=str(options.bank))
    if options.file:
        data = replace(data, files=tuple(map(str, options.file)))
    if options.held_out:
        data = replace(data, held_out=tuple(map(str, options.held_out)))
    return data


def budget_of(options: argparse.Namespace) -> Budget:
    """How long the run is."""
    if options.minutes is None and options.steps is None:
        return Budget(steps=DEFAULT_STEPS)
    return Budget(options.minutes, options.steps)


def folder_of(options: argparse.Namespace, settings: LanguageTraining) -> Path:
    """Where the run is kept."""
    if options.out:
        return options.out
    name = options.name or (options.config.stem if options.config else Path(settings.model.base).name)
    if not name or Path(name).name != name or name.startswith("."):
        raise ChatposeError(f"--name {name}", expected="a plain name")
    return Path("runs") / name
