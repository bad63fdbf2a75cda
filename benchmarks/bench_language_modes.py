"""Pose tokens against one regressed token, on a tiny base: `python benchmarks/bench_language_modes.py BANK`.

The same base, conversations (a request, an answer with a pose), order, steps and adapter in both modes. Printed: what
is learned, CPU seconds, and how far the poses of greedy answers are from the right ones (mm over 23 joints, pelvis on
pelvis), for conversations that were learned and for others. Beside them the mean learned pose, as whoever knows
nothing would answer. A tiny random base can learn requests by heart and little else: this compares how the two ways
learn, not how good a real base becomes.
"""

import argparse
import dataclasses
import sys
import tempfile
import time
from pathlib import Path

import torch

from chatpose.body.kinematics import forward_kinematics
from chatpose.body.rotations import nearest_rotation
from chatpose.body.skeleton import smpl_rest_offsets
from chatpose.corpus.instructions.bank import PoseBank
from chatpose.corpus.instructions.messages import Conversation, Message, PosePart, TextPart
from chatpose.corpus.instructions.mixture import Mixture
from chatpose.language.config import PoseLMConfig
from chatpose.language.conversation_files import write_conversations
from chatpose.train.language_build import build_run
from chatpose.train.language_evaluation import asked_for_poses, written_poses
from chatpose.train.language_folder import RunFolder
from chatpose.train.language_run import train
from chatpose.train.language_settings import LanguageData, LanguageTraining
from chatpose.train.vqvae_settings import Budget

TASK = "text to pose"


def asked(bank: PoseBank, start: int, count: int) -> list[Conversation]:
    """Requests with one pose each, without plans: the pose alone is compared."""
    mixture, found, number = Mixture(bank, {TASK: 1.0}), [], start
    while len(found) < count:
        conversation = mixture.conversation(0, number)
        number += 1
        question, answer = conversation.messages[-2:]
        poses = [part for part in answer.parts if isinstance(part, PosePart) and not part.parts]
        words = [part for part in question.parts if isinstance(part, TextPart)]
        if len(poses) == 1 and words and len(conversation.messages) <= 3:
            found.append(Conversation((Message("user", tuple(words)), Message("assistant", (poses[0],)))))
    return found


def mean_pose_mm(learned: list[Conversation], others: list[Conversation]) -> float:
    """Of always answering with the mean of the learned poses."""

    def rotations(several: list[Conversation]) -> torch.Tensor:
        return torch.stack([pose.local_rotations for one in several for pose in one.messages[1].poses()])

    mean = nearest_rotation(rotations(learned).mean(0))[None]
    places = [forward_kinematics(one, smpl_rest_offsets()).positions for one in (mean, rotations(others))]
    return 1000 * float((places[0] - places[1]).norm(dim=-1)[:, 1:].mean())


def main() -> None:
    parser = argparse.ArgumentParser(description="Pose tokens against one regressed token, on a tiny base.")
    parser.add_argument("bank", type=Path, help="of chatpose.train.instruction_data")
    parser.add_argument("--base", help="folder of a base; tests' tiny Llama when absent")
    parser.add_argument("--conversations", type=int, default=64)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--rate", type=float, default=1e-2)
    parser.add_argument("--asked", type=int, default=32, help="answers that are written")
    options = parser.parse_args()
    base = options.base
    if base is None:
        sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
        from tiny_models import tiny_base  # pyright: ignore[reportMissingImports]

        base = str(tiny_base("llama"))
    bank = PoseBank.load(options.bank)
    learned = asked(bank, 0, options.conversations)
    others = asked(bank, 10**6, options.asked)
    print(f"{options.conversations} conversations, {options.steps} steps; the mean pose is", end=" ")
    print(
        f"{mean_pose_mm(learned, learned):.0f} mm from learned poses, {mean_pose_mm(learned, others):.0f} from others"
    )
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "learned.jsonl"
        write_conversations(path, learned)
        settings = LanguageTraining(
            model=PoseLMConfig(base=base, lora_rank=16, lora_dropout=0.0), data=LanguageData(files=(str(path),)),
            length=2048, accumulate=1, chunk=32, learning_rate=options.rate, checkpointing=False, precision="float32",
            evaluate_every=0, replies=0, keep_every_s=1e9,
        )  # fmt: skip
        for mode in ("tokens", "regression"):
            asking = dataclasses.replace(settings, model=dataclasses.replace(settings.model, mode=mode))
            trainer = build_run(asking).trainer
            cpu, wall = time.process_time(), time.perf_counter()
            train(trainer, Budget(steps=options.steps), RunFolder(Path(place) / mode), bar=False)
            cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
            size = sum(one.numel() for one in trainer.parameters.values())
            trainer.inner.eval()
            told = [
                written_poses(trainer.lm, asked_for_poses(several[: options.asked], options.asked))
                for several in (learned, others)
            ]
            print(f"{mode}: {size:,} learned, {cpu:.0f} s CPU, {wall:.0f} s; " + "; ".join(
                f"{name}: {one.get('mm', float('nan')):.0f} mm, whole {one['whole']:.2f}, one pose {one['as_many']:.2f}"
                for name, one in zip(("learned", "others"), told, strict=True)
            ))  # fmt: skip


if __name__ == "__main__":
    main()
