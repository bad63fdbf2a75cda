"""`chatpose search`: the contract, batches, bad input; the embedder is a stand-in."""

import io
import json
import sys
from pathlib import Path

import pytest
from search_library import CHOSEN, COPIES, TellingEmbedder, library_poses, make_library

import chatpose.retrieval.embedder
from chatpose.atlas.compiled import Atlas
from chatpose.cli.main import main
from chatpose.formats import PoseClip, save
from chatpose.formats.pose_json import json_to_pose
from chatpose.posecodes.check import check
from chatpose.posecodes.describe import Describer
from chatpose.posecodes.grammar import parse


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    place = tmp_path_factory.mktemp("library") / "poses"
    make_library(place, Describer()).close()
    return place


@pytest.fixture(autouse=True)
def _stand_in(monkeypatch, folder) -> None:
    monkeypatch.setattr(chatpose.retrieval.embedder.Embedder, "from_pretrained", lambda *_, **__: TellingEmbedder(64))
    monkeypatch.setenv("CHATPOSE_LIBRARY", str(folder))


def search(folder, *arguments: str) -> int:
    return main(["search", "--library", str(folder), *arguments])


def lines(capsys: pytest.CaptureFixture) -> list[dict]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


@pytest.fixture
def mirrored_file(tmp_path) -> Path:
    path = tmp_path / "pose.json"
    save(PoseClip(library_poses()[40:41].mirror()), path)
    return path


def test_json_is_the_contract(folder, capsys):
    assert search(folder, "entry 30", "-k", "3", "--json") == 0
    (line,) = lines(capsys)
    assert list(line) == ["query", "hits", "seconds"]
    assert line["query"] == "entry 30"
    assert len(line["hits"]) == 3
    hit = line["hits"][0]
    assert list(hit)[:6] == ["id", "names", "score", "description", "source", "pose"]
    assert hit["id"] == Atlas.load().entries[30].id
    assert set(hit["pose"]) == {"global_orient", "body_pose", "betas", "transl", "joints"}
    assert 0 <= hit["score"] <= 1
    assert line["seconds"] > 0


def test_people_read_names_scores_and_descriptions(folder, capsys):
    assert search(folder, "tree pose", "-k", "2") == 0
    out = capsys.readouterr().out
    assert out.startswith("tree pose\n  1. ")
    assert "(" in out.splitlines()[1]


def test_like_a_file_with_mirror_and_part(folder, capsys, mirrored_file):
    assert search(folder, "--like", str(mirrored_file), "--mirror", "--part", "left_arm", "-k", "1", "--json") == 0
    (line,) = lines(capsys)
    assert line["query"] == str(mirrored_file)
    assert line["hits"][0]["id"] == Atlas.load().entries[CHOSEN[40]].id
    assert line["hits"][0]["mirrored"] is True
    assert line["hits"][0]["distance_mm"] < 3


def test_every_hit_meets_where(folder, capsys):
    where = ["not: kneeling", "left knee angle: 60..140"]
    assert search(folder, "entry 0", *(part for line in where for part in ("--where", line)), "--json", "-k", "20") == 0
    (line,) = lines(capsys)
    assert line["hits"]
    describer = Describer()
    for hit in line["hits"]:
        pose = json_to_pose(hit["pose"])
        assert all(one.holds for one in check([parse(one) for one in where], describer.measure(pose)[0])[0])


def test_all_shows_near_duplicates(folder, capsys):
    assert search(folder, "entry 0", "-k", "7", "--json") == 0
    assert search(folder, "entry 0", "-k", "7", "--all", "--json") == 0
    folded, everything = lines(capsys)
    assert folded["hits"][0]["folded"] == COPIES
    assert sum(hit["id"].startswith("copy-") for hit in everything["hits"]) >= COPIES - 1


def test_statements_alone_are_a_query(folder, capsys):
    assert search(folder, "--where", "kneeling", "--json") == 0
    (line,) = lines(capsys)
    assert line["query"] == "kneeling"
    assert line["hits"]


def test_a_batch_answers_line_by_line(folder, capsys, tmp_path, mirrored_file):
    batch = tmp_path / "queries.txt"
    asked = [
        "entry 30",
        "",
        "!!",
        json.dumps({"like": str(mirrored_file), "k": 2, "mirror": True}),
        json.dumps({"query": "dancing", "where": ["kneelin"]}),
        json.dumps({"query": "dancing", "k": "many"}),
        json.dumps({"question": "dancing"}),
        "{broken",
        json.dumps({"query": "dancing", "where": ["kneeling"], "all": True}),
        json.dumps({"like": "photo.jpg"}),
        "x" * 2**20,
    ]
    batch.write_text("\n".join(asked), encoding="utf-8")
    assert search(folder, "--batch", str(batch), "-k", "1", "--json") == 2
    found = lines(capsys)
    assert ["error" in line for line in found] == [False, True, False, True, True, True, True, False, True, True]
    assert len(found[2]["hits"]) == 2
    assert "kneeling" in found[3]["error"]
    assert "photo" in found[8]["error"]
    assert all(len(json.dumps(line)) < 2000 for line in found if "error" in line)


def test_a_batch_from_standard_input(folder, capsys, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO("entry 30\nentry 40\n"))
    assert search(folder, "--batch", "-", "-k", "1", "--json") == 0
    atlas = Atlas.load()
    assert [line["hits"][0]["id"] for line in lines(capsys)] == [atlas.entries[30].id, atlas.entries[40].id]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "no query"),
        ([""], "empty query"),
        (["   "], "empty query"),
        (["dance", "-k", "0"], "k = 0"),
        (["dance", "-k", "1000000000"], "1,000"),
        (["dance", "--where", "left knee: purple"], "such as"),
        (["dance", "--part", "arms"], "--like"),
        (["--like", "missing.bvh"], "missing.bvh"),
        (["--like", "photo.jpg"], "photo"),
        (["\udcff"], "query"),
        (["--batch", "missing.txt"], "missing.txt"),
    ],
)
@pytest.mark.parametrize("as_json", [False, True])
def test_bad_input_is_one_line_and_exit_code_2(folder, capsys, arguments, said, as_json):
    assert search(folder, *arguments, *(["--json"] if as_json else [])) == 2
    out, err = capsys.readouterr()
    told = json.loads(out)["error"] if as_json and out else err
    assert said in told
    assert len((out or err).splitlines()) == 1


def test_a_folder_that_is_no_library_is_told(capsys, tmp_path):
    assert search(tmp_path, "dance") == 2
    assert "no library" in capsys.readouterr().err


def test_a_library_of_another_embedder_is_refused(folder, capsys, monkeypatch):
    other = TellingEmbedder(64, seed=3)
    monkeypatch.setattr(chatpose.retrieval.embedder.Embedder, "from_pretrained", lambda *_, **__: other)
    assert search(folder, "dance") == 2
    assert "embedder" in capsys.readouterr().err


def test_ones_own_library_is_searched_where_none_is_named(capsys):
    assert main(["search", "entry 30", "-k", "1", "--json"]) == 0
    assert lines(capsys)[0]["hits"][0]["id"] == Atlas.load().entries[30].id


def test_bad_queries_are_told_before_anything_is_loaded(capsys, monkeypatch):
    monkeypatch.setattr(chatpose.retrieval.embedder.Embedder, "from_pretrained", lambda *_, **__: pytest.fail("loaded"))
    assert main(["search", "dance", "--where", "kneelin"]) == 2
    assert "kneeling" in capsys.readouterr().err
