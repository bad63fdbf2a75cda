"""Captions: laws of symmetry and repeatability, truth by the grammar's own check, language, edges, golden texts."""

import json
import math
import os
import re
import subprocess
import sys
from collections import Counter
from functools import cache
from pathlib import Path

import pytest
import torch
from conftest import ROOT, random_rotations

from chatpose.body.kinematics import forward_kinematics
from chatpose.body.model import BodyModel
from chatpose.body.pose import Pose, concatenate_poses, stack_poses
from chatpose.body.rotations import about_axis
from chatpose.body.skeleton import smpl_rest_offsets
from chatpose.corpus.basic_postures import BASIC_POSTURES, basic_posture, basic_postures
from chatpose.corpus.random_poses import jittered_postures
from chatpose.errors import UnknownNameError
from chatpose.posecodes import phrases
from chatpose.posecodes.captioning import Caption, StyleName, caption
from chatpose.posecodes.clause_page import BEGIN, END, clause_tables
from chatpose.posecodes.definitions import all_posecodes, posecodes_by_name
from chatpose.posecodes.echoes import ECHOES, echo_masks, matching
from chatpose.posecodes.extraction import Extraction, extract
from chatpose.posecodes.grammar import Statement, contradictions
from chatpose.posecodes.lexicon import lexicon
from chatpose.posecodes.points import points_of_kinematics, pose_points
from chatpose.posecodes.posecode import exchange_sides
from chatpose.posecodes.selection import lore
from chatpose.posecodes.statistics import extract_with_contact, frequencies

GOLDEN = Path(__file__).parent / "golden" / "captions.json"
STYLES: tuple[StyleName, ...] = ("short", "plain", "full")


@cache
def body() -> BodyModel:
    return BodyModel.open()


def found(pose: Pose) -> Extraction:
    return extract_with_contact(body(), pose)


def random_poses(count: int, seed: int = 3) -> Pose:
    root = random_rotations(count, 1, max_angle_rad=3.1, seed=seed)
    return Pose.from_rotations(torch.cat([root, random_rotations(count, 23, max_angle_rad=1.2, seed=seed + 1)], dim=1))


@cache
def mixed_poses() -> Pose:
    """Random ones, and sitting, kneeling, lying and the like, jittered."""
    return concatenate_poses([random_poses(300), jittered_postures(300, torch.Generator().manual_seed(1))])


def texts(captions: list[Caption]) -> list[str]:
    return [one.text for one in captions]


# --- laws ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("style", STYLES)
def test_mirrored_pose_has_the_exchanged_caption(style):
    here = texts(caption(found(mixed_poses()), style, seed=5))
    there = texts(caption(found(mixed_poses().mirror()), style, seed=5))
    wrong = [pair for pair in zip(map(exchange_sides, here), there, strict=True) if pair[0] != pair[1]]
    assert not wrong[:3]


def test_symmetric_poses_have_symmetric_captions():
    names = ("standing", "kneeling", "sitting on the floor", "in a plank", "upside down")
    codes = found(stack_poses([basic_posture(name) for name in names]))
    for text in texts(caption(codes, "full")):
        assert exchange_sides(text) == text
        assert not re.search(r"\b(left|right)\b(?! angle)", text), text


@pytest.mark.parametrize("turn", [0.3, 1.7, -2.9])
def test_heading_changes_nothing(turn):
    rotations = mixed_poses().local_rotations.double()
    turned = rotations.clone()
    turned[:, 0] = about_axis("y", torch.tensor(turn, dtype=torch.float64)) @ rotations[:, 0]
    worlds = (forward_kinematics(each, smpl_rest_offsets(torch.float64)) for each in (rotations, turned))
    here, there = (texts(caption(extract(points_of_kinematics(world)), "full")) for world in worlds)
    assert here == there


def test_a_pose_is_described_alike_alone_and_among_others():
    poses = mixed_poses()[:40]
    together = texts(caption(found(poses), "full"))
    assert [caption(found(poses[one : one + 1]), "full")[0].text for one in range(len(poses))] == together


def test_seeds_choose_other_words():
    few = found(mixed_poses()[:50])
    first, second = (texts(caption(few, "full", seed=seed)) for seed in (0, 1))
    assert sum(a != b for a, b in zip(first, second, strict=True)) >= 49
    mixed = texts(caption(few, "full", seed=[0, 1] * 25))
    assert mixed == [(first, second)[place % 2][place] for place in range(50)]


def test_every_process_and_thread_count_writes_the_golden_captions():
    code = (
        "import json, sys, torch; torch.set_num_threads(int(sys.argv[1])); sys.path.insert(0, 'tests')\n"
        "from test_captioning import golden_captions\n"
        "print(json.dumps(golden_captions()))"
    )
    for threads, hash_seed in (("1", "1"), ("2", "77")):
        run = subprocess.run([sys.executable, "-c", code, threads], cwd=ROOT, capture_output=True, text=True,
                             env={**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)})  # fmt: skip
        assert run.returncode == 0, run.stderr[-2000:]
        assert json.loads(run.stdout) == json.loads(GOLDEN.read_text(encoding="utf-8"))


def golden_captions() -> dict[str, dict[str, str]]:
    """Captions of the hand-made postures; `python tests/test_captioning.py` writes the file anew."""
    codes = found(basic_postures())
    written = {style: texts(caption(codes, style, seed=range(len(codes)))) for style in STYLES}
    return {name: {style: written[style][place] for style in STYLES} for place, name in enumerate(BASIC_POSTURES)}


# --- truth -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("style", STYLES)
def test_what_is_said_holds_once_and_without_contradiction(style):
    codes = found(mixed_poses())
    place = {code.name: column for column, code in enumerate(codes.codes)}
    for row, one in enumerate(caption(codes, style)):
        said = [statement.name for statement in one.statements]
        assert len(said) == len(set(said)), one.text
        assert all(codes.holds[row, place[name]] for name in said), one.text
        assert not contradictions([Statement(statement) for statement in one.statements]), one.text


def test_both_and_each_claim_a_fact_and_its_mirror_image():
    seen = 0
    for one in caption(found(mixed_poses()), "full"):
        for clause in one.clauses:
            names = [statement.name for statement in clause.statements]
            if re.search(r"\b(both|each)\b(?! other)", clause.text):
                seen += 1
                assert all(exchange_sides(name) in names for name in names) or " and the " in clause.text, clause
            else:
                sided = [name for name in names if name.startswith(("left", "right"))]
                assert not any(exchange_sides(name) in names for name in sided), clause
    assert seen > 300


def test_the_posture_comes_first():
    codes = found(basic_postures())
    for name, one in zip(BASIC_POSTURES, caption(codes, "full"), strict=True):
        code = posecodes_by_name().get(name)
        if code is not None and code.family == "posture":
            assert code in one.statements, (name, one.text)
            opening = one.text.split(".")[0]
            assert re.match(r"(The|This|They|Someone|He|She)\b.*? (is|are) ", opening), opening


def test_enough_is_said():
    codes = found(mixed_poses())
    for style, statements, words in (("short", 3, 12), ("plain", 7, 40), ("full", 14, 70)):
        captions = caption(codes, style)
        assert sum(len(one.statements) for one in captions) / len(captions) >= statements
        assert sum(len(one.text.split()) for one in captions) / len(captions) >= words


def test_most_codes_are_said():
    wide = Pose.from_rotations(random_rotations(2500, 24, max_angle_rad=2.6, seed=8))
    poses = [random_poses(2500), wide, jittered_postures(2500, torch.Generator().manual_seed(2))]
    said = Counter(s.name for part in poses for one in caption(found(part), "full") for s in one.statements)
    assert len(said) >= 0.93 * len(all_posecodes())


# --- language --------------------------------------------------------------------------------------------------------


def test_every_code_has_three_wordings_and_its_mirror_image_the_same():
    entries = lexicon()
    for entry in entries:
        assert len({wording.complement for wording in entry.alone}) >= 3
        twin = entries[entry.mirror]
        assert twin.key == entry.key
        assert [exchange_sides(w.complement) for w in entry.alone] == [w.complement for w in twin.alone]
        assert entry.together == twin.together


def test_no_clause_has_two_meanings():
    meanings: dict[tuple[str, str], str] = {}
    for number, entry in enumerate(lore().entries):
        name = f"{entry.code.name}{' straight' if entry.also else ''}"
        both = min(name, exchange_sides(name))
        for wordings, meaning in ((entry.alone, name), (entry.together, both)):
            for wording in wordings:
                for text in filter(None, (wording.complement, wording.finite)):
                    key = (wording.subject, text)
                    assert meanings.setdefault(key, meaning) == meaning, (number, key)


def test_left_and_right_are_only_sides():
    for entry in lore().entries:
        for wording in (*entry.alone, *entry.together):
            for word in re.findall(r"[a-z]*(?:left|right)[a-z]*", wording.complement.replace("right angle", "")):
                assert word in ("left", "right", "straight"), wording


def test_the_page_of_clauses_is_up_to_date():
    page = (ROOT / "docs" / "posecodes_clauses.md").read_text(encoding="utf-8")
    written = page.partition(BEGIN)[2].partition(END)[0].strip()
    assert written == clause_tables().strip(), "run python -m chatpose.posecodes.clause_page"


def test_sentences_are_sentences():
    for style in STYLES:
        for one in caption(found(mixed_poses()), style, seed=2):
            assert re.fullmatch(r"([A-Z][a-z ,;\-]+\. ?)+", one.text), one.text
            assert not re.search(r"  | ,|,,|\{|\}|~|\|", one.text), one.text
            assert not re.search(r"\b(both|each|hands|feet|knees|elbows|legs|arms) is\b|They is", one.text), one.text
            person = one.text.split()[0]
            owners = set(re.findall(r"\b(their|his|her)\b", one.text.lower()))
            assert len(owners) <= 1, one.text
            assert not (person == "He" and owners - {"his"}), one.text
            assert one.text.count(".") == 1 or style != "short"
            assert all(clause.text[1:] in one.text for clause in one.clauses)


# --- selection -------------------------------------------------------------------------------------------------------


def test_every_echo_rule_speaks_of_codes_that_exist():
    names = [code.name for code in all_posecodes()]
    for said, superfluous in ECHOES:
        for pattern in (said, *superfluous):
            assert any(matching(pattern, side, names) for side in ("left", "right")), pattern


def test_no_code_makes_itself_or_its_mirror_image_superfluous():
    codes = all_posecodes()
    place = {code.name: number for number, code in enumerate(codes)}
    for number, mask in enumerate(echo_masks(codes)):
        mirror = place[exchange_sides(codes[number].name)]
        assert not mask >> number & 1
        assert codes[number].family in ("posture", "head", "incline") or not mask >> mirror & 1, codes[number].name


def test_statistics_cover_all_codes_and_are_symmetric():
    known = frequencies()
    assert set(known) == {code.name for code in all_posecodes()}
    assert all(0 <= share <= 1 and share == known[exchange_sides(name)] for name, share in known.items())
    assert known["standing"] > 0.5 > known["upside down"]


# --- edges -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("joints", [torch.zeros(1, 24, 3), torch.full((1, 24, 3), math.nan)])
def test_nothing_is_said_of_no_pose(joints):
    for style in STYLES:
        one = caption(extract(pose_points(joints)), style)[0]
        assert one.text == str(one) == phrases.NO_POSE
        assert one.statements == ()


def test_joints_alone_say_nothing_of_head_and_palms():
    world = body().kinematics(mixed_poses())
    for one in caption(extract(pose_points(world.positions)), "full"):
        assert not {"head", "palm"} & {statement.family for statement in one.statements}


def test_some_codes_alone_can_be_said():
    codes = tuple(code for code in all_posecodes() if code.family in ("posture", "bend"))
    pose = points_of_kinematics(body().kinematics(basic_postures()))
    for one in caption(extract(pose, codes), "full"):
        assert {statement.family for statement in one.statements} <= {"posture", "bend"}


def test_no_poses_give_no_captions():
    assert caption(found(random_poses(5)[:0])) == []


def test_wrong_style_and_wrong_seeds_are_told():
    few = found(random_poses(2))
    with pytest.raises(UnknownNameError, match="plain"):
        caption(few, "plane")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="3 seeds for 2 poses"):
        caption(few, seed=[1, 2, 3])


if __name__ == "__main__":
    GOLDEN.write_text(json.dumps(golden_captions(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
