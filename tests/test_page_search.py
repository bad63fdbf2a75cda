"""Search on the page, without a browser: what is found, chosen, drawn and refused; what visitors are told."""

import io
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
import torch
from photo_fakes import NobodyThere, StandingPeople
from PIL import Image
from search_library import TellingEmbedder, make_library

from chatpose.atlas.compiled import Atlas
from chatpose.atlas.naming import Namer
from chatpose.body.model import BodyModel
from chatpose.body.pose import Pose, stack_poses
from chatpose.body.rotations import about_axis
from chatpose.errors import ChatposeError, InvalidPoseError, MissingExtraError, MissingFileError
from chatpose.formats import PoseClip, save
from chatpose.page import finding, session
from chatpose.page import search as page_search
from chatpose.page.actions import Page
from chatpose.page.examples import load_examples
from chatpose.page.finding import Finder
from chatpose.page.search import MOST_FOR_PROGRAMS, MOST_ON_PAGE, NoSearchError, PageSearch, checked_count
from chatpose.page.session import Session, Shown
from chatpose.page.thumbnails import Thumbnails, draw, facing_front
from chatpose.posecodes.check import check
from chatpose.posecodes.describe import Describer
from chatpose.posecodes.grammar import parse
from chatpose.retrieval.library import Library
from chatpose.retrieval.library_errors import BusyLibraryError, DamagedLibraryError
from chatpose.retrieval.query import QueryError
from chatpose.retrieval.search_place import LibrarySearch
from chatpose.retrieval.searcher import Searcher

ENTRY = 50
"""In the small library, which holds every fifth entry."""


@pytest.fixture(scope="module")
def describer() -> Describer:
    return Describer(BodyModel.open())


@pytest.fixture(scope="module")
def library(describer: Describer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    with make_library(tmp_path_factory.mktemp("library") / "poses", describer) as made:
        yield made


@pytest.fixture(scope="module")
def opened(library: Library, describer: Describer) -> LibrarySearch:
    return LibrarySearch([Searcher(library, TellingEmbedder(64), describer=describer)])


@pytest.fixture
def finder(opened: LibrarySearch, describer: Describer) -> Iterator[Finder]:
    thumbnails = Thumbnails(describer.body)
    yield Finder(PageSearch(lambda: opened), thumbnails)
    thumbnails.close()


@pytest.fixture(scope="module")
def page(describer: Describer) -> Iterator[Page]:
    with TemporaryDirectory() as root:
        namer = Namer(describer=describer)
        yield Page(describer.body, load_examples(), Path(root), describer, namer, StandingPeople())


@pytest.fixture
def someone(page: Page) -> Session:
    """With the first example on screen."""
    return standing(page)


def standing(page: Page) -> Session:
    made = Session.start(page.root)
    made.shown["A"] = page.examples[0].shown
    return made


def without_search(error: Exception, thumbnails: Thumbnails) -> Finder:
    def broken() -> LibrarySearch:
        raise error

    return Finder(PageSearch(broken), thumbnails)


def asked(**fields: Any) -> dict[str, Any]:
    return {"ask": 1, "text": "", "where": [], "k": 12} | fields


# --- words and statements --------------------------------------------------------------------------------------------


def test_words_find_poses(page, finder, someone):
    answer = finding.find(page, finder, someone, asked(text=f"  entry   {ENTRY} ", ask=7))
    entry = Atlas.load().entries[ENTRY]
    assert (answer["list"], answer["ask"]) == ("found", 7)
    first = answer["tiles"][0]
    assert first["name"].lower() == entry.names[0].lower()
    assert len(first["alt"].split()) > 8, "what is true of it"
    assert f"12 poses for “entry {ENTRY}”" in answer["status"]
    assert answer["more"]
    assert {tile["token"] for tile in answer["tiles"]} <= set(someone.found)


def test_statements_hold_of_everything_found(page, finder, describer, someone):
    lines = ["left knee: straight", "not: kneeling"]
    answer = finding.find(page, finder, someone, asked(where=lines))
    assert answer["tiles"]
    for hit in someone.found.values():
        (found,) = check([parse(line) for line in lines], *describer.measure(hit.pose))
        assert all(one.holds for one in found)
    assert "“left knee: straight, not:" in answer["status"]


def test_more_ends_at_the_limit(page, finder, someone):
    all_ = finding.find(page, finder, someone, asked(text="entry 5", k=MOST_ON_PAGE))
    assert len(all_["tiles"]) == MOST_ON_PAGE
    assert not all_["more"]


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({}, "empty query"),
        ({"text": "   "}, "empty query"),
        ({"text": "?!"}, "no word"),
        ({"text": "x" * 1_000_000}, "at most 2,000"),
        ({"text": "word " * 500}, "at most 2,000"),
        ({"text": 5}, "no text"),
        ({"text": "dance", "where": ["left knee: bnet"]}, "left knee"),
        ({"where": ["x" * 1_000_000]}, "at most 300"),
        ({"where": ["kneeling"] * 1000}, "at most 100"),
        ({"where": "kneeling"}, "no lines"),
        ({"where": [{"a": 1}]}, "no lines"),
        ({"text": "dance", "k": 0}, "1 to 48"),
        ({"text": "dance", "k": 10**9}, "1 to 48"),
        ({"text": "dance", "k": "12"}, "1 to 48"),
        ({"text": "dance", "k": float("nan")}, "1 to 48"),
    ],
)
def test_bad_questions_are_answered_in_a_sentence(page, finder, fields, told, someone):
    answer = finding.find(page, finder, someone, asked(**fields))
    assert told in answer["problem"]
    assert len(answer["problem"]) < 600
    assert not answer["problem"][0].islower()
    assert "fault of chatpose" not in answer["problem"]
    assert not answer["tiles"]
    assert not someone.found


@pytest.mark.parametrize("event", [None, [], "x", {"k": None}, {"ask": {"a": [1]}}])
def test_any_event_gives_an_answer(page, finder, someone, event):
    assert finding.find(page, finder, someone, event)["problem"]
    assert "tiles" in finding.find_similar(page, finder, someone, event)
    assert "tiles" in finding.find_similar(page, finder, Session.start(page.root), event)


def test_nothing_fits(page, finder, someone):
    answer = finding.find(page, finder, someone, asked(where=["left elbow angle: 1..2"]))
    assert answer["tiles"] == []
    assert answer["status"].startswith("Nothing in the library fits")


# --- similar poses ---------------------------------------------------------------------------------------------------


def test_similar_poses_of_what_is_on_screen(page, finder, someone):
    answer = finding.find_similar(page, finder, someone, {"ask": 3, "slot": "A", "frames": {"A": 0}})
    assert (answer["list"], answer["ask"]) == ("similar", 3)
    assert len(answer["tiles"]) == finding.SIMILAR
    assert answer["status"] == "Like Standing (A), the nearest first."
    apart = [int(tile["note"].split()[0]) for tile in answer["tiles"]]
    assert apart == sorted(apart)


def test_similar_poses_follow_frame_and_slot(page, finder, someone):
    moving = next(example for example in page.examples if example.key == "squat")
    someone.shown["A"] = moving.shown
    someone.shown["B"] = next(one for one in page.examples if one.key == "warrior").shown
    last = len(moving.shown.clip) // 2
    lists = [
        [tile["name"] for tile in finding.find_similar(page, finder, someone, wanted)["tiles"]]
        for wanted in ({"slot": "A", "frames": {"A": 0}}, {"slot": "A", "frames": {"A": last}}, {"slot": "B"})
    ]
    assert lists[0] != lists[1]
    assert lists[2] not in lists[:2]
    assert "(A)" in finding.find_similar(page, finder, someone, {"slot": "Z"})["status"]


def test_the_pose_itself_is_not_similar_to_itself(page, finder, someone):
    answer = finding.find(page, finder, someone, asked(text=f"entry {ENTRY}"))
    hit = someone.found[answer["tiles"][0]["token"]]
    someone.shown["A"] = Shown("found", PoseClip(stack_poses([hit.pose])))
    alike = finding.find_similar(page, finder, someone, {"slot": "A"})
    assert answer["tiles"][0]["name"] not in [tile["name"] for tile in alike["tiles"]]


# --- choosing (acts: tests/test_page_talk.py) ------------------------------------------------------------------------


def test_old_hits_are_forgotten(page, finder, monkeypatch, someone):
    monkeypatch.setattr(session, "MAX_FOUND", 15)
    first = finding.find(page, finder, someone, asked(text="entry 10"))
    second = finding.find(page, finder, someone, asked(text="entry 300"))
    assert len(someone.found) == 15
    assert {tile["token"] for tile in second["tiles"]} <= set(someone.found)
    assert first["tiles"][0]["token"] not in someone.found


# --- no search here --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (NoSearchError("the search model isn't installed"), "the search model isn't installed"),
        (MissingFileError("no /srv/secret/library"), "no library of poses"),
        (MissingExtraError("faiss is needed", fix="pip install /srv/secret"), "a package"),
        (DamagedLibraryError("/srv/secret/catalogue.sqlite is cut off"), "damaged"),
        (BusyLibraryError("/srv/secret is being made"), "another process"),
    ],
)
def test_the_page_goes_on_without_search(page, finder, error, why, someone):
    without = without_search(error, finder.thumbnails)
    for answer in (
        finding.find(page, without, someone, asked(text="dance")),
        finding.find_similar(page, without, someone, {"slot": "A"}),
    ):
        assert answer["problem"].startswith("Search isn't available on this server: ")
        assert why in answer["problem"]
        assert "everything else works" in answer["problem"]
        assert "secret" not in answer["problem"]
    with pytest.raises(ChatposeError, match="isn't available"):
        finding.search_for_program(page, without, "dance", "", 3)


def test_without_the_language_model_similar_poses_still_come(page, library, describer, finder, someone):
    class Wordless(TellingEmbedder):
        def embed_texts(self, texts):
            raise MissingExtraError("sentence-transformers is needed", fix="pip install in /srv/secret")

    search = PageSearch(lambda: LibrarySearch([Searcher(library, Wordless(64), describer=describer)]))
    wordless = Finder(search, finder.thumbnails)
    problem = finding.find(page, wordless, someone, asked(text="dance"))["problem"]
    assert "Searching by words isn't available" in problem
    assert "secret" not in problem
    assert finding.find_similar(page, wordless, someone, {"slot": "A"})["tiles"]
    assert finding.find(page, wordless, someone, asked(where=["kneeling"]))["tiles"]


def test_libraries_are_opened_once_and_tried_again_later(opened, monkeypatch):
    calls: list[int] = []

    def slowly() -> LibrarySearch:
        calls.append(1)
        if len(calls) == 1:
            raise MissingFileError("not yet")
        return opened

    search = PageSearch(slowly)
    assert not calls, "not before it is needed"
    for _ in range(3):
        with pytest.raises(NoSearchError):
            search.by_words("entry 5", (), 1)
    assert len(calls) == 1, "a failure isn't repeated at once"
    monkeypatch.setattr(page_search, "_TRY_AGAIN_SECONDS", 0.0)
    threads = [threading.Thread(target=search.by_words, args=("entry 5", (), 1)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(calls) == 2


def test_warming_up_is_quiet(opened, caplog):
    search = PageSearch(lambda: opened)
    search.warm_up()
    broken = without_search(RuntimeError("secret"), None).search  # type: ignore[arg-type]
    broken.warm_up()
    for thread in threading.enumerate():
        if thread.name == "search warm-up":
            thread.join(20)
    assert "secret" not in caplog.text


@pytest.mark.parametrize("count", [0, -1, 11, 2.5, "5", None, True, float("inf"), float("nan")])
def test_counts(count):
    assert checked_count(10.0, 10) == 10
    with pytest.raises(QueryError, match="1 to 10"):
        checked_count(count, 10)


# --- pictures --------------------------------------------------------------------------------------------------------


def pixels(picture: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(picture)).convert("RGBA"))


def test_pictures_show_the_body_on_any_ground(describer):
    drawn = pixels(draw(describer.body, Atlas.load().poses[ENTRY]))
    alpha = drawn[..., 3]
    assert 0.05 < (alpha > 250).mean() < 0.5, "the body"
    assert (alpha == 0).mean() > 0.3, "the ground shows"
    assert ((alpha > 5) & (alpha < 200)).mean() > 0.01, "its shadow"
    assert drawn[alpha > 250][:, :3].std() > 8


def test_pictures_are_from_the_front(describer):
    pose = Atlas.load().poses[ENTRY]
    turned = pose.replace(global_orient=about_axis("y", torch.tensor(2.0)) @ pose.global_orient)
    first, second = (facing_front(one).global_orient for one in (pose, turned))
    assert torch.allclose(first, second, atol=1e-5)


def test_pictures_are_drawn_once_and_kept_within_bounds(describer, monkeypatch):
    drawings: list[int] = []

    def fast(body: Any, pose: Pose) -> bytes:
        drawings.append(1)
        return bytes(1000)

    monkeypatch.setattr("chatpose.page.thumbnails.draw", fast)
    thumbnails = Thumbnails(describer.body, kept_bytes=3000, kept_poses=5)
    poses = Atlas.load().poses
    tokens = [thumbnails.offer(poses[number]) for number in range(8)]
    assert thumbnails.offer(poses[7]) == tokens[7], "the same pose, the same picture"
    waited = [thumbnails.picture(token) for token in tokens]
    assert waited[:3] == [None] * 3, "long forgotten"
    assert all(one is not None and len(one.result(20)) == 1000 for one in waited[3:])
    assert len(drawings) <= 8 + 5
    before = len(drawings)
    again = thumbnails.picture(tokens[7])
    assert again is not None
    again.result(20)
    assert len(drawings) == before
    assert sum(map(len, thumbnails._drawn.values())) <= 3000
    assert thumbnails.picture("0" * 32) is None
    thumbnails.close()


def test_tokens_cannot_be_guessed(describer):
    pose = Atlas.load().poses[ENTRY]
    first, second = Thumbnails(describer.body), Thumbnails(describer.body)
    assert first.offer(pose) != second.offer(pose)
    for one in (first, second):
        one.close()


def test_answers_do_not_wait_for_pictures(page, finder, monkeypatch, someone):
    gate = threading.Event()
    monkeypatch.setattr("chatpose.page.thumbnails.draw", lambda *_: b"x" if gate.wait(20) else b"")
    answer = finding.find(page, finder, someone, asked(text="entry 20"))
    waiting = finder.thumbnails.picture(answer["tiles"][0]["token"])
    assert waiting is not None
    assert not waiting.done()
    gate.set()
    assert waiting.result(20) == b"x"


# --- for programs ----------------------------------------------------------------------------------------------------


def test_programs_search(page, finder):
    answer = finding.search_for_program(page, finder, f"entry {ENTRY}", "not: kneeling\n\n", 3)
    assert len(answer["hits"]) == 3
    assert answer["hits"][0]["id"] == Atlas.load().entries[ENTRY].id
    assert answer["query"] == f"entry {ENTRY}"
    assert answer["seconds"] >= 0


def test_programs_ask_for_similar_poses(page, finder, tmp_path):
    path = tmp_path / "mine.json"
    save(PoseClip(Atlas.load().poses[[3, ENTRY]]), path)
    answer = finding.similar_for_program(page, finder, str(path), 1, "", 2)
    assert answer["query"] == "mine.json"
    assert answer["hits"][0]["id"] == Atlas.load().entries[ENTRY].id
    assert answer["hits"][0]["distance_mm"] < 1


def test_programs_ask_with_a_photo(page, finder, tmp_path):
    path = tmp_path / "beach.jpg"
    Image.new("RGB", (300, 400), (90, 120, 90)).save(path)
    assert len(finding.similar_for_program(page, finder, str(path), 0, "", 4)["hits"]) == 4
    empty = Page(page.body, page.examples, page.root, page.describer, page.namer, NobodyThere())
    with pytest.raises(ChatposeError, match=r"no person was found in beach\.jpg"):
        finding.similar_for_program(empty, finder, str(path), 0, "", 4)


def test_programs_are_told_what_is_wrong(page, finder, tmp_path):
    bad = tmp_path / "bad.json"
    bad.write_text("{")
    calls: list[tuple[Callable[[], Any], str]] = [
        (lambda: finding.search_for_program(page, finder, "", "", 3), "empty query"),
        (lambda: finding.search_for_program(page, finder, "dance", "left kneee: bent", 3), "left knee"),
        (lambda: finding.search_for_program(page, finder, "dance", "", 10**9), f"1 to {MOST_FOR_PROGRAMS}"),
        (lambda: finding.similar_for_program(page, finder, "", 0, "", 3), "no file came"),
        (lambda: finding.similar_for_program(page, finder, str(bad), 0, "", 3), r"bad\.json"),
    ]
    for call, told in calls:
        with pytest.raises(ChatposeError, match=told) as caught:
            call()
        assert str(tmp_path) not in str(caught.value)


def test_a_pose_that_is_none_is_refused(finder):
    with pytest.raises(InvalidPoseError):
        finder.search.like(Pose.identity().replace(transl=torch.full((3,), torch.nan)), (), 3)


# --- served ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def served(opened: LibrarySearch, describer: Describer) -> Iterator[Any]:
    pytest.importorskip("gradio")
    from chatpose.gradio_app import launch

    blocks = launch(describer.body, block=False, quiet=True, search=PageSearch(lambda: opened))
    yield blocks
    blocks.close()


@pytest.fixture(scope="module")
def client(served: Any) -> Any:
    from gradio_client import Client

    return Client(served.local_url, verbose=False)


def test_endpoints(client, tmp_path):
    from gradio_client import handle_file

    found = client.predict(f"entry {ENTRY}", "not: kneeling", 2, api_name="/search")
    assert found["hits"][0]["id"] == Atlas.load().entries[ENTRY].id
    assert len(found["hits"]) == 2
    path = tmp_path / "mine.npz"
    save(PoseClip(Atlas.load().poses[[ENTRY]]), path)
    alike = client.predict(handle_file(path), 0, "", 2, api_name="/similar")
    assert alike["hits"][0]["id"] == Atlas.load().entries[ENTRY].id
    for arguments, told in ((("", "", 3), "empty query"), (("dance", "", 0), "1 to 100")):
        with pytest.raises(Exception, match=told):
            client.predict(*arguments, api_name="/search")


def test_endpoints_have_typed_inputs(client):
    named = client.view_api(return_format="dict")["named_endpoints"]
    types = {
        name: [(one["parameter_name"], one["python_type"]["type"]) for one in named[name]["parameters"]]
        for name in ("/search", "/similar")
    }
    assert types["/search"] == [("text", "str"), ("where", "str"), ("k", "float")]
    assert [name for name, _ in types["/similar"]] == ["file", "frame", "where", "k"]


def test_pictures_and_statements_are_served(served, opened):
    import httpx

    base = f"{served.local_url}chatpose-ui"
    lines = httpx.get(f"{base}/statements.json").json()
    assert "left knee: straight" in lines
    assert len(lines) == len(set(lines)) > 500
    for token in ("0" * 32, "..%2f..%2fpyproject", "x"):
        assert httpx.get(f"{base}/poses/{token}.webp").status_code == 404
