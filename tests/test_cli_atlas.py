"""`chatpose atlas` and `chatpose evaluate` as a person types them."""

import json

import pytest
from PIL import Image
from test_atlas_reader import TREE

from chatpose.cli.main import main


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "tree.yaml"
    text = TREE.replace("    - both palms on the ground\n", "").replace("right_hip_flexion: 45", GOOD_LEG)
    path.write_text(text, encoding="utf-8")
    return path


GOOD_LEG = """right_hip_flexion: 45
    right_hip_abduction: 45
    right_hip_internal_rotation: -50
    right_knee_flexion: 120
    right_ankle_dorsiflexion: -45
    shoulder_flexion: 170"""


def test_check_reports_every_statement_and_counts(source, tmp_path, capsys):
    sheet = tmp_path / "sheet.png"
    code = main(["atlas", "check", str(source), "-v", "--sheet", str(sheet)])
    out = capsys.readouterr().out
    assert code == 0, out
    assert "standing on the left leg" in out
    assert "1 of 1 entries pass" in out
    assert Image.open(sheet).size[0] > 300


def test_check_fails_with_numbers_where_angles_and_statements_contradict(source, capsys):
    text = source.read_text(encoding="utf-8").replace('"left knee angle: 165.."', '"left knee angle: 40..60"')
    source.write_text(text, encoding="utf-8")
    assert main(["atlas", "check", str(source), "--json"]) == 2
    (row,) = map(json.loads, capsys.readouterr().out.splitlines())
    assert any("knee" in problem and "°" in problem for problem in row["problems"])


def test_build_writes_what_can_be_loaded(source, tmp_path, capsys):
    from chatpose.atlas.compiled import Atlas

    assert main(["atlas", "build", str(source), "--out", str(tmp_path / "built")]) == 0
    assert Atlas.load(tmp_path / "built").find("vrksasana").id == "tree"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["check", "no-such.yaml"], "no file"),
        (["check", "{folder}"], "is a directory"),
        (["check", "{source}", "--only", "treee"], "tree"),
        (["build", "{source}", "--out", "{source}/x"], ""),
    ],
)
def test_bad_input_is_one_line_and_code_2(source, tmp_path, capsys, arguments, told):
    filled = [one.format(folder=tmp_path, source=source) for one in arguments]
    assert main(["atlas", *filled]) == 2
    err = capsys.readouterr().err
    assert err.startswith("chatpose: ")
    assert err.count("\n") == 1
    assert told in err


def test_evaluate_refuses_a_folder_that_is_none(capsys):
    assert main(["evaluate", "naming", "--data", "/no/such/folder"]) == 2
    assert "no folder" in capsys.readouterr().err
