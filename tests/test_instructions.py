"""Conversations of the generators: chance, wordings, banks on the disk, mixtures, the same in every process."""

import hashlib
import json
import re
import subprocess
import sys
from collections import Counter

import numpy as np
import pytest
import torch
from conftest import ROOT
from instruction_banks import small_atlas, small_bank

from chatpose.corpus.families import FAMILIES
from chatpose.corpus.instructions import (
    adjusting,
    call_words,
    change_words,
    compare_words,
    question_words,
    request_words,
    situations,
    tell_words,
    turn_words,
)
from chatpose.corpus.instructions.bank import ORIGINS, PoseBank
from chatpose.corpus.instructions.bank_tables import FairDraw, Lists, TextTable
from chatpose.corpus.instructions.chance import chance_of, one, shuffled, some
from chatpose.corpus.instructions.messages import PlanPart, PosePart, TextPart
from chatpose.corpus.instructions.mixture import SHARES, TASKS, Mixture, family_table, report
from chatpose.corpus.instructions.parts import PART_JOINTS, PARTS, mask_of, parts_in, parts_of
from chatpose.corpus.instructions.posecode_words import code_words, number_sayings
from chatpose.corpus.instructions.refuse import clashes
from chatpose.corpus.instructions.refuse_words import IMPOSSIBLE
from chatpose.corpus.instructions.situations import SITUATIONS
from chatpose.corpus.instructions.task import Task
from chatpose.corpus.instructions.wording import Wordings, as_typed
from chatpose.errors import ChatposeError, MissingFileError, UnknownNameError, UnreadableFileError, UnwritableFileError
from chatpose.pose_tokenizer import config as tokenizer_config
from chatpose.posecodes.definitions import all_posecodes, posecodes_by_name
from chatpose.posecodes.grammar import contradictions, parse
from chatpose.posecodes.phrasebook import is_test_wording
from chatpose.train.retrieval_texts import plain_words


@pytest.fixture(scope="module")
def bank():
    return small_bank()


def words_of(conversation):
    """All that is said, as one text; poses by their numbers."""
    said = []
    for message in conversation.messages:
        for part in message.parts:
            if isinstance(part, TextPart):
                said.append(part.text)
            elif isinstance(part, PlanPart):
                said.append("\n".join(part.statements))
            elif isinstance(part, PosePart):
                said.append(f"{part.parts} {part.pose.local_rotations.numpy().tobytes().hex()[:64]}")
            else:
                said.append(type(part).__name__)
    return f"{conversation.task} {conversation.tools}\n" + "\n".join(said)


def digest(mixture, seed, numbers):
    found = hashlib.sha256()
    for number in numbers:
        found.update(words_of(mixture.conversation(seed, number)).encode())
    return found.hexdigest()


# --- chance and wordings ---------------------------------------------------------------------------------------------


def test_chance_depends_on_seed_and_number_alone():
    assert chance_of(3, 5).random() == chance_of(3, 5).random()
    assert len({chance_of(seed, number).random() for seed in range(20) for number in range(20)}) == 400


def test_choices_are_fair():
    rng = chance_of(0, 0)
    counts = Counter(one(rng, "abcd") for _ in range(4000))
    assert min(counts.values()) > 850
    assert all(len(some(rng, range(9), 4)) == 4 for _ in range(50))
    assert Counter(x for _ in range(3000) for x in some(rng, range(5), 2))[0] == pytest.approx(1200, abs=120)
    assert sorted(shuffled(rng, range(7))) == list(range(7))


def test_wordings_choose_and_fill_in():
    wordings = Wordings("(Show|Give) me {what}( please|).", "{what}!")
    assert len(wordings) == 5
    assert set(wordings.all()) == {
        "Show me {what} please.", "Show me {what}.", "Give me {what} please.", "Give me {what}.", "{what}!",
    }  # fmt: skip
    drawn = {wordings.say(chance_of(1, n), what="a squat") for n in range(300)}
    assert drawn == {text.replace("{what}", "a squat") for text in wordings.all()}
    assert wordings.slots == {"what"}


def all_wordings():
    modules = (
        *(adjusting, call_words, change_words, compare_words, question_words, request_words, situations),
        *(tell_words, turn_words),
    )
    for module in modules:
        for name, value in vars(module).items():
            if isinstance(value, Wordings):
                yield f"{module.__name__}.{name}", value
    for adjuster in adjusting.ADJUSTERS.values():
        yield f"{adjuster.name} up", adjuster.up
        yield f"{adjuster.name} down", adjuster.down


def test_no_wording_is_malformed():
    count = 0
    for name, wordings in all_wordings():
        for text in wordings.all():
            assert not re.search(r"\|\w|\w\||  | [?!.,;]", text.replace("{much}", "much")), (name, text)
            assert text.count('"') % 2 == 0
            count += 1
    assert count > 1300


def test_no_wording_says_the_same_twice_in_one_list():
    for name, wordings in all_wordings():
        texts = [text for text in wordings.texts if text]
        assert len(set(texts)) >= len(texts) - 4, name  # some stand there twice to come twice as often


def test_typing_keeps_sides_and_numbers():
    text = "Raise the left arm 30 degrees, not the right one"
    for number in range(500):
        typed = as_typed(chance_of(2, number), text).lower()
        assert re.findall(r"\b(left|right|not|30)\b", typed) == ["left", "30", "not", "right"]


# --- tables of statements --------------------------------------------------------------------------------------------


def test_parts_are_the_pose_tokens():
    assert PARTS == tokenizer_config.PARTS
    assert all(PART_JOINTS[part] == tokenizer_config.part_joints(part) for part in PARTS)
    assert all(parts_in(mask_of(parts)) == parts for parts in ((), ("root",), ("torso", "left_leg"), PARTS))


def test_every_statement_speaks_of_some_part():
    for code in all_posecodes():
        parts = parts_of(code.name)
        assert parts, code.name
        side = code.subject.split(" ")[0]
        if side in ("left", "right") and "shoulder" not in code.subject:
            assert parts[0].startswith(side), code.name
    assert parts_of("left hand to right hand distance: 0.1..") == ("left_arm",)
    assert parts_of("torso pitch: 10..20") == ("torso",)
    assert parts_of("left hip angle: 90..") == ("left_leg",)
    assert parts_of("kneeling") == ("root", "torso", "left_leg", "right_leg")


def test_every_posecode_can_be_asked_and_denied():
    rng = chance_of(0, 0)
    for name, words in code_words().items():
        assert words.question(rng).startswith(("Is ", "Are ")), name
        assert "{" not in words.question(rng) + words.told(rng) + words.denied(rng) + words.after_with(rng)
        assert "n't" in words.denied(rng)


def test_situations_and_nearest_poses_ask_for_statements_that_exist_and_agree():
    known = posecodes_by_name()
    tables = [(situation.lines, situation.texts) for situation in SITUATIONS]
    tables += [(lines, asks) for asks, _, lines in IMPOSSIBLE]
    for lines, texts in tables:
        filled = [line.replace("{s}", "left").replace("{o}", "right") for line in lines]
        assert all(line.removeprefix("not: ") in known for line in filled), (texts, filled)
        assert not contradictions([parse(line) for line in filled])


def test_clashes_are_contradictions():
    assert len(clashes()) > 60
    assert all(contradictions([parse(first), parse(second)]) for first, second in clashes())


# --- banks -----------------------------------------------------------------------------------------------------------


def test_tables_give_back_what_they_were_made_of():
    texts = TextTable.of(["", "Füße", "a\nb"])
    assert [texts[n] for n in range(len(texts))] == ["", "Füße", "a\nb"]
    lists = Lists.of([[1, 2], [], [3]])
    assert [lists[n] for n in range(len(lists))] == [[1, 2], [], [3]]


def test_fair_draws_raise_rare_families():
    family = np.array([FAMILIES.index("standing")] * 900 + [FAMILIES.index("lying")] * 100)
    draw = FairDraw(np.arange(1000), family)
    rng = chance_of(0, 0)
    lying = sum(draw.draw(rng) >= 900 for _ in range(4000)) / 4000
    assert lying == pytest.approx(draw.shares["lying"], abs=0.03)
    assert 0.2 < lying < 0.3
    assert len(FairDraw(np.zeros(0, int), np.zeros(0, int))) == 0


def test_a_saved_bank_is_the_same_bank(bank, tmp_path):
    bank.save(tmp_path / "bank")
    again = PoseBank.load(tmp_path / "bank")
    assert again.head == bank.head
    for name, array in bank.arrays.items():
        assert np.array_equal(again.arrays[name], array, equal_nan=name == "values"), name
    assert isinstance(again.arrays["rotations"], np.memmap)
    assert digest(Mixture(again), 5, range(200)) == digest(Mixture(bank), 5, range(200))
    with pytest.raises(UnwritableFileError, match="already"):
        bank.save(tmp_path / "bank")


def test_damaged_banks_are_refused(bank, tmp_path):
    with pytest.raises(MissingFileError):
        PoseBank.load(tmp_path)
    bank.save(tmp_path / "bank")
    head = json.loads((tmp_path / "bank" / "bank.json").read_text())
    (tmp_path / "bank" / "bank.json").write_text(json.dumps({**head, "version": 99}))
    with pytest.raises(UnreadableFileError, match="version 99"):
        PoseBank.load(tmp_path / "bank")
    (tmp_path / "bank" / "bank.json").write_text(json.dumps({**head, "codes": head["codes"][1:]}))
    with pytest.raises(UnreadableFileError, match="other posecodes"):
        PoseBank.load(tmp_path / "bank")
    (tmp_path / "bank" / "bank.json").write_text(json.dumps(head))
    np.save(tmp_path / "bank" / "family.npy", np.zeros(3, np.uint8))
    with pytest.raises(UnreadableFileError, match="don't fit"):
        PoseBank.load(tmp_path / "bank")
    (tmp_path / "bank" / "family.npy").write_bytes(b"no array")
    with pytest.raises(UnreadableFileError, match="no bank"):
        PoseBank.load(tmp_path / "bank")


def test_poses_are_found_again_however_they_are_turned(bank):
    for row, turn in ((0, 0), (5, 40), (len(bank) - 1, 200), (7, 255)):
        assert bank.find(bank.pose(row, turn)) == (row, turn)
    other = bank.pose(3).with_rotation("head", torch.eye(3))
    assert bank.find(other) is None


# --- mixtures --------------------------------------------------------------------------------------------------------


def test_every_task_draws_conversations(bank):
    for name, task in TASKS.items():
        assert isinstance(task, Task)
        for number in range(40):
            drawn = task.draw(bank, chance_of(1, number))
            assert drawn.task == name
            assert drawn.messages[-1].role == "assistant"
            assert all(
                text.strip() for m in drawn.messages for p in m.parts if isinstance(p, TextPart) for text in [p.text]
            )


def test_conversations_depend_on_their_number_alone(bank):
    mixture = Mixture(bank)
    forward = [words_of(mixture.conversation(7, number)) for number in range(120)]
    backward = [words_of(mixture.conversation(7, number)) for number in reversed(range(120))]
    assert forward == backward[::-1]
    assert words_of(mixture.conversation(8, 0)) != forward[0]
    streams = [mixture.stream(7, start, 3) for start in range(3)]
    assert [words_of(next(streams[number % 3])) for number in range(120)] == forward


def test_other_processes_draw_the_same(bank, tmp_path):
    bank.save(tmp_path / "bank")
    code = (
        f"import sys; sys.path[:0] = [{str(ROOT)!r}, {str(ROOT / 'tests')!r}]\n"
        "from pathlib import Path\n"
        "from test_instructions import digest\n"
        "from chatpose.corpus.instructions.bank import PoseBank\n"
        "from chatpose.corpus.instructions.mixture import Mixture\n"
        f"print(digest(Mixture(PoseBank.load(Path({str(tmp_path / 'bank')!r}))), 3, range(300)))\n"
    )
    found = {
        subprocess.run([sys.executable, "-c", code], env={"PYTHONHASHSEED": seed, "PATH": "", "OMP_NUM_THREADS": "1"},
                       capture_output=True, text=True, check=True).stdout.strip()
        for seed in ("1", "77")
    }  # fmt: skip
    assert found == {digest(Mixture(bank), 3, range(300))}


def test_shares_are_kept(bank):
    mixture = Mixture(bank)
    assert sum(mixture.shares.values()) == pytest.approx(1)
    assert set(mixture.shares) == set(TASKS) == set(SHARES)
    drawn = Counter(mixture.conversation(0, number).task for number in range(4000))
    for name, share in mixture.shares.items():
        assert drawn[name] / 4000 == pytest.approx(share, abs=0.02), name
    only = Mixture(bank, {"edit": 1.0, "photo": 3.0})
    assert only.shares == {"edit": 0.25, "photo": 0.75}
    with pytest.raises(UnknownNameError):
        Mixture(bank, {"dreams": 1.0})
    with pytest.raises(ChatposeError):
        Mixture(bank, {"edit": 0.0})


def test_families_of_postures_are_balanced(bank):
    mixture = Mixture(bank, {"pose to text": 1.0, "questions": 1.0})
    rows = [row for number in range(3000) for row in mixture.told(0, number).rows]
    own = bank.origin != ORIGINS.index("edited")
    natural = {name: float((bank.family[own] == place).mean()) for place, name in enumerate(FAMILIES)}
    drawn = Counter(bank.family_name(row) for row in rows)
    for name, share in bank.any_pose.shares.items():
        assert drawn[name] / len(rows) == pytest.approx(share, abs=0.05), name
    assert drawn["kneeling"] / len(rows) > natural["kneeling"]


def test_the_report_names_tasks_and_families(bank):
    told = report(Mixture(bank), 300)
    assert family_table(Mixture(bank), 300) in told
    assert all(f"| {name} |" in told for name in ("edit", "text to pose", "standing", "lying"))
    assert "300 conversations" in told


def test_no_sentence_and_no_name_that_is_kept_for_testing_is_said(bank):
    whole = small_atlas()
    tests = {
        plain_words(one_.text)
        for entry in whole
        for one_ in (entry.descriptions if entry.id in whole.test_ids else entry.test_descriptions())
    }
    names = {name.lower() for entry in whole.testing() for name in entry.names if name not in posecodes_by_name()}
    assert names <= set(bank.head.kept_names)
    mixture = Mixture(bank)
    for number in range(2500):
        for message in mixture.conversation(1, number).messages:
            text = message.text.lower()
            assert not any(plain_words(line) in tests for line in re.split(r"[.;\n]", text) if len(line) > 20), text
            assert not any(re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) for name in names), text


def test_no_wording_of_the_phrasebook_that_is_kept_for_testing_is_said(bank):
    said = [text for code in all_posecodes() for text in bank.people_say(code.name)]
    said += [text for kind in ("limb", "posture") for number in bank.changed[kind].items.tolist()
             for text in bank.change(number).text("wording")]  # fmt: skip
    assert len(set(said)) > 8000
    assert not any(is_test_wording(text) for text in said)
    assert not any(bank.kept.found_in(text) for text in said)
    numbers = [text for measure in bank.head.measures for text, *_ in number_sayings(measure)]
    assert numbers
    assert not any(is_test_wording(text) for text in numbers)


def test_requests_differ(bank):
    mixture = Mixture(bank, {"text to pose": 1.0})
    asked = {mixture.conversation(0, number).messages[-2].text for number in range(1000)}
    assert len(asked) > 900
