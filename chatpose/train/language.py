"""Trains PoseLM: an adapter for a multimodal language model that reads and writes poses.

    chatpose train language --base MODEL --config FILE
    accelerate launch --config_file runs/multi_gpu.yaml -m chatpose.train.language --base MODEL --config FILE

Both are the same program; the second runs it once on each GPU. docs/training.md shows the way.
"""

import argparse
import logging
import os
import sys
from collections.abc import Sequence
from typing import Any

from chatpose.errors import ChatposeError, MissingFileError
from chatpose.offline import stay_offline
from chatpose.optional import require_package
from chatpose.train.language_asked import budget_of, folder_of, settings_of
from chatpose.train.language_options import add_common, add_options
from chatpose.train.language_settings import LanguageTraining

log = logging.getLogger(__name__)


def main(arguments: Sequence[str] | None = None) -> int:
    """What `python -m chatpose.train.language` runs."""
    parser = argparse.ArgumentParser(prog="chatpose.train.language", description="Trains an adapter of PoseLM.")
    add_common(parser)
    add_options(parser)
    options = parser.parse_args(arguments)
    stay_offline(hub=True)
    if options.threads:
        import torch

        torch.set_num_threads(options.threads)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        told = train_language(options)
        if told:
            print(told)  # noqa: T201
    except ChatposeError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


def train_language(options: argparse.Namespace) -> str:
    """Trains or goes on; or only says what a run needs (`--estimate`) or is made of (`--statistics`).

    Gives what to print at the end, of several processes only the first.

    Raises:
        ChatposeError: what was asked for can't be done.
        KeyboardInterrupt: after the step that was under way was finished and kept.
    """
    for package in ("transformers", "peft", "accelerate"):
        require_package(package, "language", "to train a language model")
    settings = settings_of(options)
    if options.estimate:
        return estimated(settings, options)
    if options.statistics:
        from chatpose.train.language_statistics import statistics

        return statistics(settings, options.statistics, skip_bad=options.skip_bad)
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")  # workers are forked after the tokenizer was used
    from chatpose.train.language_build import build_run
    from chatpose.train.language_folder import RunFolder, about_run
    from chatpose.train.language_run import train

    place = folder_of(options, settings)
    if options.out and not options.out.parent.is_dir():
        raise MissingFileError(f"no folder {options.out.parent}", fix="make it first")
    run = build_run(settings, skip_bad=options.skip_bad)
    trainer = run.trainer
    folder = RunFolder(place, trainer.accelerator.is_main_process)
    if trainer.resume(folder.checkpoint):
        log.info("goes on after %d steps, %.0f s", trainer.step, trainer.seconds)
        folder.cut_log(trainer.step)
    folder.begin(trainer.settings, about_run(trainer, **run.facts))
    if not trainer.packing and settings.packing:
        log.info("conversations aren't packed: this base lets them see each other")
    facts = train(trainer, budget_of(options), folder, held_out=run.held_out)
    return f"{folder.adapter}: {facts['steps']} steps in {facts['seconds']} s" if folder.main else ""


def estimated(settings: LanguageTraining, options: argparse.Namespace) -> str:
    """What the run will need, in words."""
    from chatpose.language.rows import level_vocabulary
    from chatpose.pose_tokenizer.tokenizer import PoseTokenizer
    from chatpose.train.language_estimate import DEFAULT_TFLOPS, base_shape, empty_base, estimate, report

    rows = len(level_vocabulary(PoseTokenizer.load(), settings.model.level))
    model, config = empty_base(settings.model.base, settings.trust_remote_code)
    shape = base_shape(model, config, settings.model.lora_targets)
    run: dict[str, Any] = {"gpus": options.gpus, "sharded": options.sharded, "tflops": options.tflops or DEFAULT_TFLOPS}
    found = estimate(shape, settings, rows, **run)
    budget = budget_of(options)
    run |= {"assumed": options.tflops is None, "steps": budget.steps, "minutes": budget.minutes}
    return report(settings.model.base, shape, found, settings, run)


if __name__ == "__main__":
    sys.exit(main())
