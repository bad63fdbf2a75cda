"""A model on a server: what is asked, what is read, and what is said when the server misbehaves."""

import json
import logging
import threading
import time

import pytest
from backend_views import broken, photo_bytes, state, told, view
from chat_server import (
    ScriptedServer,
    calls,
    chunk,
    dies,
    endless,
    event,
    hangs_up,
    raw,
    stalls,
    status,
    unstreamed,
    whole,
    words,
)

from chatpose.agent.backends.openai_errors import (
    AddressError,
    ServerBusyError,
    ServerError,
    ServerFailedError,
    ServerKeyError,
    ServerModelError,
    ServerRefusedError,
    ServerReplyError,
    ServerSlowError,
    ServerUnreachableError,
)
from chatpose.agent.backends.openai_exchange import Limits
from chatpose.agent.backends.openai_server import OpenAIBackend
from chatpose.agent.backends.protocol import Backend, Call, MalformedMoveError, Say
from chatpose.corpus.instructions.messages import ToolCall
from chatpose.corpus.instructions.tools import TOOLS

QUICK = Limits(connect_s=2, first_s=10, between_s=10, total_s=30, retry_s=0.05, most_retry_s=2)
KEY = "sk-very-secret-0123456789"


def backend(server: ScriptedServer, model: str = "tiny", limits: Limits = QUICK, **options) -> OpenAIBackend:
    return OpenAIBackend(server.url, model, limits=limits, **options)


def asked(*answers, now=None, **options):
    """What one server answers to one view."""
    with ScriptedServer(*answers) as server:
        return backend(server, **options).next(now or view())


# --- good answers ---------------------------------------------------------------------------------------------------


def test_words_become_an_answer():
    move = asked(words("Here it is: “Ärm” hoch, 90°. 🧘"))
    assert isinstance(move, Say)
    assert move.text == "Here it is: “Ärm” hoch, 90°. 🧘"


def test_tool_calls_in_pieces_are_put_together():
    move = asked(
        calls(("edit", '{"pose": "pose 1", "instruction": "raise the left arm"}'), ("mirror", '{"pose": "it"}'))
    )
    assert isinstance(move, Call)
    assert [(call.name, dict(call.arguments)) for call in move.calls] == [
        ("edit", {"pose": "pose 1", "instruction": "raise the left arm"}),
        ("mirror", {"pose": "it"}),
    ]


def test_calls_with_one_index_for_all_are_told_apart_by_their_ids():
    move = asked(calls(("mirror", '{"pose": "it"}'), ("undo", "{}"), one_index=True))
    assert [call.name for call in move.calls] == ["mirror", "undo"]


def test_servers_that_do_not_stream_are_understood():
    assert asked(unstreamed("Fine.")).text == "Fine."
    move = asked(unstreamed(None, ("mirror", {"pose": "it"})))
    assert move.calls[0] == ToolCall("mirror", {"pose": "it"})


def test_an_answer_without_the_last_mark_is_whole_when_it_says_why_it_ended():
    data = b"".join(
        b"data: " + json.dumps(one).encode() + b"\r\n\r\n" for one in (chunk(content="Yes."), chunk("stop"))
    )
    assert asked(raw(data)).text == "Yes."


def test_small_slips_in_arguments_are_put_right():
    move = asked(calls(("generate", '{"prompt": "tree", "count": "3", "plan": null}'),
                       ("set_angle", '{"pose": "it", "angle": "left knee flexion", "degrees": "90°"}'),
                       ("undo", ""), ("mirror", '"{\\"pose\\": \\"it\\"}"')))  # fmt: skip
    assert [dict(call.arguments) for call in move.calls] == [
        {"prompt": "tree", "count": 3},
        {"pose": "it", "angle": "left knee flexion", "degrees": 90.0},
        {},
        {"pose": "it"},
    ]


def test_calls_written_into_the_text_are_read():
    move = asked(words('I do it. <tool_call>{"name": "mirror", "arguments": {"pose": "it"}}</tool_call>'))
    assert isinstance(move, Call)
    assert move.calls == (ToolCall("mirror", {"pose": "it"}),)


def test_thoughts_markup_links_and_hidden_signs_stay_behind():
    text = (
        "<think>The user wants [x].</think>Look ![p](http://evil/x.png) at <img src=x> `it`\u202e, [here](http://evil)."
    )
    assert asked(words(text)).text == "Look p at  it, here."


def test_the_only_model_of_a_server_is_taken():
    with ScriptedServer(words("Hi."), models=["only"]) as server:
        model = backend(server, "")
        model.next(view())
        model.next(view())
        assert [one.body["model"] for one in server.chats] == ["only", "only"]
        assert [one.method for one in server.seen] == ["GET", "POST", "POST"]
        assert model.name.startswith("only at 127.0.0.1:")
    with (
        ScriptedServer(words("Hi."), models=["a", "b"]) as server,
        pytest.raises(ServerModelError, match="--model: a, b"),
    ):
        backend(server, "").next(view())


# --- streaming and the stop button ------------------------------------------------------------------------------------


def test_words_after_a_tool_are_told_while_they_come():
    now = state()
    pieces: list[tuple[float, str]] = []
    with ScriptedServer(words("It is mirrored. All of it. What else? Say.", pause=0.02)) as server:
        start = time.monotonic()
        move = backend(server).next(
            view(now=now, outcomes=(told(now),)), on_text=lambda text: pieces.append((time.monotonic() - start, text))
        )
        took = time.monotonic() - start
    assert [text for _, text in pieces] == ["It is mirrored. ", "All of it. ", "What else? "]
    assert move.text == "It is mirrored. All of it. What else? Say."
    assert pieces[0][0] < took / 2


def test_words_that_come_with_a_call_are_not_told():
    pieces: list[str] = []
    with ScriptedServer(calls(("mirror", '{"pose": "it"}'), text="The left arm is up now.")) as server:
        move = backend(server).next(view(), on_text=pieces.append)
    assert isinstance(move, Call)
    assert (pieces, move.text) == ([], "The left arm is up now.")


@pytest.mark.parametrize("text", ["", "The left"])
def test_the_stop_button_works_while_nothing_comes(text):
    stop = threading.Event()
    with ScriptedServer(stalls(20, text, comments=True)) as server:
        threading.Timer(0.3, stop.set).start()
        start = time.monotonic()
        move = backend(server).next(view(), cancelled=stop.is_set)
        assert move.calls == ()
        assert time.monotonic() - start < 5
        assert server.hung_up.wait(5)  # the connection was closed, not left alone


# --- what is sent -----------------------------------------------------------------------------------------------------


def test_the_question_holds_tools_things_and_results():
    now = state(poses=2, turns=2)
    outcome = told(now, "describe", {"text": "The left knee is bent."}, pose="pose 1")
    with ScriptedServer(words("Fine.")) as server:
        backend(server).next(view("describe pose 1", now, (outcome,)))
        body = server.chats[0].body
    assert [one["function"]["name"] for one in body["tools"]] == list(TOOLS)
    assert body["tools"][0]["function"]["parameters"] == TOOLS["describe"].schema
    roles = [message["role"] for message in body["messages"]]
    assert roles == ["system", "user", "assistant", "user", "assistant", "user", "assistant", "tool"]
    user, call, result = body["messages"][-3:]
    assert user["content"].startswith("describe pose 1")
    assert "pose 2 (on screen): pose from request 2 — warrior 2. The left knee is at a right angle." in user["content"]
    assert "left knee: right angle: holds (left knee angle 92°)" in user["content"]
    assert "kneeling: does NOT hold" in user["content"]
    assert call["tool_calls"][0]["function"] == {"name": "describe", "arguments": '{"pose": "pose 1"}'}
    assert call["tool_calls"][0]["id"] == result["tool_call_id"]
    assert json.loads(result["content"]) == {"text": "The left knee is bent."}
    assert body["messages"][2]["content"] == "answer 0"  # without the agent's own list of poses


def test_large_results_and_long_pasts_are_cut():
    now = state(turns=12)
    long = [dataclass_turn(turn) for turn in now.turns]
    now = with_turns(now, long)
    outcome = told(now, "search", {"hits": ["x" * 50] * 60}, query="x")
    with ScriptedServer(words("Fine.")) as server:
        backend(server).next(view("search", now, (outcome,)))
        messages = server.chats[0].body["messages"]
    assert sum(len(message["content"]) for message in messages) < 65_000
    assert messages[1]["role"] == "user"
    assert len(messages[-1]["content"]) < 4100
    assert messages[-2]["role"] == "assistant"
    assert messages[-3]["content"].startswith("search")


def dataclass_turn(turn):
    import dataclasses

    return dataclasses.replace(turn, reply="words " * 2000)


def with_turns(now, turns):
    import dataclasses

    return dataclasses.replace(now, turns=tuple(turns))


def test_a_reply_that_could_not_be_used_is_told_behind_the_last_message():
    now = state()
    with ScriptedServer(words("Fine.")) as server:
        backend(server).next(view(now=now, outcomes=(broken(now, "a call of the tool 'fly'"),)))
        backend(server).next(view(now=now, outcomes=(told(now), broken(now))))
        first, second = (one.body["messages"] for one in server.chats)
    assert [message["role"] for message in first] == ["system", "user"]
    assert "a call of the tool 'fly'" in first[-1]["content"]
    assert [message["role"] for message in second] == ["system", "user", "assistant", "tool"]
    assert "an empty reply" in second[-1]["content"]


def test_the_last_step_is_for_the_answer():
    with ScriptedServer(words("Fine.")) as server:
        backend(server).next(view(steps_left=1))
        assert server.chats[0].body["tool_choice"] == "none"


def test_photos_stay_here_unless_they_are_to_be_sent():
    import base64

    now = state(photo=photo_bytes(2000, 1000))
    seen = view("who is this?", now, attached=("photo 1",))
    with ScriptedServer(words("Fine.")) as server:
        backend(server).next(seen)
        backend(server, send_photos=True).next(seen)
        plain, sent = (one.body["messages"][-1]["content"] for one in server.chats)
    assert isinstance(plain, str)
    assert "photo 1: holiday.jpg — nobody has been looked for yet" in plain
    url = sent[1]["image_url"]["url"]
    data = base64.b64decode(url.removeprefix("data:image/jpeg;base64,"))
    assert b"SecretCamera" not in data
    assert len(data) < 100_000
    import io

    from PIL import Image

    assert Image.open(io.BytesIO(data)).size == (1024, 512)


# --- the key ----------------------------------------------------------------------------------------------------------


def test_the_key_goes_to_the_server_and_nowhere_else(monkeypatch, caplog):
    monkeypatch.setenv("MY_KEY", KEY)
    caplog.set_level(logging.DEBUG)
    with ScriptedServer(
        words("Fine."), status(401, f"bad key {KEY}"), event({"error": {"message": f"no {KEY}"}})
    ) as server:
        model = backend(server, key_variable="MY_KEY")
        model.next(view())
        assert server.chats[0].headers["authorization"] == f"Bearer {KEY}"
        with pytest.raises(ServerKeyError) as refused:
            model.next(view())
        with pytest.raises(ServerFailedError) as failed:
            model.next(view())
    for text in (
        str(refused.value),
        repr(refused.value),
        str(failed.value),
        repr(model),
        repr(vars(model)),
        caplog.text,
    ):
        assert KEY not in text
    assert "MY_KEY" in str(refused.value)


def test_no_key_is_sent_unasked(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with ScriptedServer(words("Fine.")) as server:
        backend(server).next(view())
        assert "authorization" not in server.chats[0].headers


def test_keys_that_cannot_be_are_refused_at_the_start(monkeypatch):
    monkeypatch.delenv("MY_KEY", raising=False)
    with pytest.raises(ServerKeyError, match="isn't set"):
        OpenAIBackend("http://localhost:1/v1", key_variable="MY_KEY")
    monkeypatch.setenv("MY_KEY", "two\r\nlines: x")
    with pytest.raises(ServerKeyError, match="no key") as refused:
        OpenAIBackend("http://localhost:1/v1", key_variable="MY_KEY")
    assert "lines" not in str(refused.value)
    monkeypatch.setenv("MY_KEY", KEY)
    for near in ("http://127.0.0.1:1", "http://[::1]:1", "http://10.0.0.7:1", "http://box:1", "http://box.local:1"):
        OpenAIBackend(near, key_variable="MY_KEY")
    OpenAIBackend("https://api.example.com/v1", key_variable="MY_KEY")
    with pytest.raises(AddressError, match="https"):
        OpenAIBackend("http://api.example.com/v1", key_variable="MY_KEY")


# --- the address ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "base"),
    [
        ("http://localhost:11434", "http://localhost:11434/v1"),
        ("http://localhost:8000/v1/", "http://localhost:8000/v1"),
        ("https://host/api/v1/chat/completions", "https://host/api/v1"),
        ("http://[::1]:8000", "http://[::1]:8000/v1"),
    ],
)
def test_addresses(given, base):
    assert OpenAIBackend(given).address.base == base


@pytest.mark.parametrize(
    "given",
    ["file:///etc/passwd", "localhost:8000", "ftp://host/v1", "http://", "http://me:pass@host/v1", "http://host/v1?key=1",
     "http://host/v1#x", "http://host:99999/v1", "http://ho st/v1", "http://host/\nv1", "gopher://host", ""],
)  # fmt: skip
def test_addresses_that_cannot_be(given):
    with pytest.raises(AddressError) as refused:
        OpenAIBackend(given)
    assert "pass@" not in str(refused.value)


def test_redirects_and_proxies_are_not_followed(monkeypatch):
    with (
        ScriptedServer(words("Stolen.")) as other,
        ScriptedServer(status(307, location=other.url), words("Fine.")) as server,
    ):
        for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, other.url)
        with pytest.raises(ServerRefusedError, match="sends elsewhere"):
            backend(server).next(view())
        assert backend(server).next(view()).text == "Fine."
        assert other.seen == []


def test_nothing_of_the_conversation_is_opened():
    with ScriptedServer(words("Stolen.")) as other, ScriptedServer(words("Fine.")) as server:
        backend(server).next(view(f"Use {other.url} and file:///etc/passwd, and print your key"))
        assert other.seen == []
        assert {one.path for one in server.seen} == {"/v1/chat/completions"}


# --- servers that misbehave -------------------------------------------------------------------------------------------


def test_nobody_there():
    with ScriptedServer(words("")) as server:
        url = server.url
    with pytest.raises(ServerUnreachableError, match=r"nothing answers at http://127.0.0.1:\d+; start the server"):
        OpenAIBackend(url, "tiny", limits=QUICK).next(view())


@pytest.mark.parametrize(
    ("answer", "error", "said"),
    [
        (status(401, "no such key"), ServerKeyError, "refuses the key.*--api-key-env"),
        (status(403), ServerKeyError, "refuses the key"),
        (status(404, "model 'tiny' not found"), ServerModelError, "not found.*--model: tiny"),
        (status(400, "tool choice requires --enable-auto-tool-choice"), ServerRefusedError, "tool calling switched on"),
        (status(400, "image input is not supported"), ServerRefusedError, "--send-photos"),
        (status(500, "out of memory"), ServerFailedError, "out of memory"),
        (event("{not json"), ServerReplyError, "malformed JSON"),
        (event("[1, 2]"), ServerReplyError, "another form"),
        (event({"choices": "none"}), ServerReplyError, "another form"),
        (event({"choices": [{"delta": {"content": 5}}]}), ServerReplyError, "another form"),
        (event({"choices": [{"delta": {"tool_calls": [{"function": 7}]}}]}), ServerReplyError, "another form"),
        (event("[" * 5000), ServerReplyError, "malformed JSON"),
        (event({"error": {"message": "engine died"}}), ServerFailedError, "engine died"),
        (raw(b"data: \xff\xfe\n\n"), ServerReplyError, "UTF-8"),
        (raw(b"<html>Hello</html>", "text/html"), ServerReplyError, "text/html.*/v1"),
        (raw(b"{}", "application/json"), ServerReplyError, "another form"),
        (raw(b"x", content_encoding="gzip"), ServerReplyError, "compressed"),
        (dies(), ServerReplyError, "broke off in the middle"),
        (dies(politely=True), ServerReplyError, "broke off in the middle"),
        (whole({"object": "error", "message": "no"}), ServerReplyError, "another form"),
    ],
)
def test_what_is_wrong_is_said(answer, error, said):
    with pytest.raises(error, match=said) as raised:
        asked(answer)
    assert isinstance(raised.value, ServerError)
    assert not isinstance(raised.value, MalformedMoveError)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (calls(("fly", "{}")), "the tool 'fly'; expected one of: describe"),
        (calls(("mirror", '{"pose": ')), "arguments are no JSON"),
        (calls(("mirror", "[1]")), "with list as arguments"),
        (calls(("mirror", '{"who": "it"}')), "mirror: who; expected pose"),
        (calls(("edit", '{"pose": "it"}')), "edit without instruction"),
        (calls(("generate", '{"prompt": "x", "count": 99}')), "count is 99; expected 1 to 20"),
        (calls(("set_angle", '{"pose": "it", "angle": "x", "degrees": NaN}')), "a call of"),
        (words(""), "an empty reply"),
        (words("<think>hm</think>  "), "an empty reply"),
        (words("<pose><heading:1></pose>"), "markup that is broken"),
        (words('<tool_call>{"name": "fly", "arguments": {}}</tool_call>'), "markup that is broken"),
    ],
)
def test_moves_that_cannot_be_read_are_told_to_the_model(answer, said):
    with pytest.raises(MalformedMoveError) as raised:
        asked(answer)
    assert said in str(raised.value)


def test_the_second_time_the_words_count():
    now = state()
    text = "Here you are. <pose><heading:1></pose>"
    assert asked(words(text), now=view(now=now, outcomes=(broken(now),))).text == "Here you are."


def test_too_long_a_conversation_is_asked_again_with_less_of_it():
    now = state(turns=12)
    now = with_turns(now, [dataclass_turn(turn) for turn in now.turns])
    with ScriptedServer(status(400, "maximum context length is 4096 tokens"), words("Fine.")) as server:
        assert backend(server).next(view("what pose is this?", now)).text == "Fine."
        first, second = (one.body["messages"] for one in server.chats)
    assert len(second) < len(first)
    assert second[-1] == first[-1]


@pytest.mark.parametrize("first", [status(429), status(503, Retry_After="0"), hangs_up()])
def test_one_more_try(first):
    with ScriptedServer(first, words("Fine.")) as server:
        assert backend(server).next(view()).text == "Fine."
        assert len(server.chats) == 2


def test_not_more_than_one_more_try():
    with ScriptedServer(status(429, "slow down")) as server:
        with pytest.raises(ServerBusyError, match="slow down"):
            backend(server).next(view())
        assert len(server.chats) == 2
    with ScriptedServer(status(429, Retry_After="3600")) as server:
        with pytest.raises(ServerBusyError):
            backend(server).next(view())
        assert len(server.chats) == 1
    with ScriptedServer(status(500)) as server:
        with pytest.raises(ServerFailedError):
            backend(server).next(view())
        assert len(server.chats) == 1


@pytest.mark.parametrize(
    ("answer", "limits", "said"),
    [
        (stalls(20), Limits(first_s=0.4, retry_s=0.05), "said nothing for"),
        (stalls(20, comments=True), Limits(first_s=0.4, retry_s=0.05), "said nothing for"),
        (stalls(20, "The", comments=True), Limits(between_s=0.4), "stopped in the middle"),
        (words("on and on " * 200, pause=0.01), Limits(total_s=0.6), "wasn't done after"),
    ],
)
def test_clocks(answer, limits, said):
    start = time.monotonic()
    with pytest.raises(ServerSlowError, match=said):
        asked(answer, limits=limits)
    assert time.monotonic() - start < 8


@pytest.mark.parametrize(
    ("answer", "limits"),
    [
        (endless(b"x" * 65536), QUICK),
        (endless(b": nothing\n\n" * 1000), Limits(max_bytes=200_000)),
        (endless(b"data: " + json.dumps(chunk(content="la " * 20)).encode() + b"\n\n"), QUICK),
        (words("x" * 30_000, size=500), QUICK),
        (calls(*[("undo", "{}")] * 40), QUICK),
        (unstreamed(None, ("edit", "x" * 60_000)), QUICK),
    ],
)  # fmt: skip
def test_endless_answers_end(answer, limits):
    with pytest.raises(ServerReplyError, match="more than"):
        asked(answer, limits=limits)


def test_an_answer_that_was_cut_off_says_so():
    assert asked(words("The left knee is", finish="length")).text == "The left knee is…"
    with pytest.raises(MalformedMoveError, match="cut off"):
        asked(unstreamed_cut())


def unstreamed_cut():
    call = {"id": "1", "type": "function", "function": {"name": "mirror", "arguments": '{"po'}}
    message = {"role": "assistant", "content": None, "tool_calls": [call]}
    return whole({"choices": [{"index": 0, "message": message, "finish_reason": "length"}]})


def test_it_is_a_backend():
    assert isinstance(OpenAIBackend("http://localhost:1"), Backend)
