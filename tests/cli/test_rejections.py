"""Events that could not be used, as a person finds them: listed with their reason, and replayed after a mend."""

import base64
import json
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from gapheal.app import build
from gapheal.errors import Rejected
from gapheal.events.rejections import KEPT
from gapheal.spec import load

ZONE = ZoneInfo("America/New_York")
"""The ten-line file's: what its days begin by."""

NAME = "phase2_to_phase3"


def push(said, message_id="42"):
    data = base64.b64encode(json.dumps(said).encode()).decode()
    message = {"data": data, "publishTime": "2024-06-18T05:00:00Z"} | ({"messageId": message_id} if message_id else {})
    return json.dumps({"message": message, "subscription": "s"}).encode()


@pytest.fixture
def reject(pipeline, bq):
    """Puts bodies to the function's own reader, which keeps what it rejects."""

    def reject(*bodies, headers=None):
        app = build(load(pipeline))
        for body in bodies:
            with pytest.raises(Rejected):
                app.read(NAME, headers or {}, body)

    return reject


@pytest.fixture
def mended(pipeline):
    """The file, after somebody has added the key that the producer uses."""

    def mend():
        text = pipeline.read_text()
        pipeline.write_text(text.replace(f"{NAME}: {{", f"{NAME}: {{event_date_keys: [day], ", 1).replace(", }", "}"))

    return mend


@pytest.fixture
def rows(bq):
    def rows():
        sql = "SELECT * FROM gapheal_nba_props.rejections ORDER BY recorded_at"
        return [dict(row) for row in bq.query(sql, retry=None, timeout=30).result(timeout=30)]

    return rows


def test_nothing_was_rejected(pipeline, bq, gapheal):
    assert gapheal("rejections").output == "no rejected events\n"
    assert json.loads(gapheal("rejections", "--json").output) == []


@pytest.mark.fault(22)
def test_what_was_rejected_is_listed_with_its_reason_the_newest_first(reject, gapheal):
    reject(push({"day": "2024-04-20"}), push({"game_date": "TODAY"}, "43"))

    newest, oldest = json.loads(gapheal("rejections", "--json").output)
    assert (newest["id"], oldest["id"], newest["transition"]) == ("43", "42", NAME)
    assert newest["error"].startswith("game_date: expected a date like 2024-04-16")
    assert (newest["publish_time"], newest["cut"], newest["replayed"]) == ("2024-06-18T05:00:00+00:00", False, None)
    assert newest["raw"] == push({"game_date": "TODAY"}, "43").decode()[:200]
    lines = gapheal("rejections").output.splitlines()
    assert lines[0].startswith(f"43  {NAME}  ")
    assert lines[0].endswith("Z  published 2024-06-18T05:00:00+00:00")
    assert lines[1] == f"  {newest['error']}"
    assert lines[2].startswith('  {"message": {"data": ')


def test_a_body_can_do_nothing_to_the_terminal(reject, gapheal):
    reject(b"\x1b[2J\n[red]", headers={"ce-id": "1"})

    assert "  \\x1b[2J\\n[red]\n" in gapheal("rejections").output


def test_since_and_transition_choose(reject, gapheal):
    reject(push({}))
    tomorrow = datetime.now(ZONE).date() + timedelta(days=1)

    assert len(json.loads(gapheal("rejections", "--since", "2024-01-01", "-t", NAME, "--json").output)) == 1
    assert json.loads(gapheal("rejections", "--since", tomorrow, "--json").output) == []


def test_after_a_mend_the_same_body_ends_in_its_pass(heal, tables, topic, reject, mended, gapheal, rows, endpoint):
    topic(endpoint.url)
    reject(push({"day": "2024-04-20"}))
    mended()
    done = gapheal("rejections", "--replay", "42")

    assert (done.exit_code, done.output) == (0, f"42  {NAME}  replayed: 1 gaps, 1 triggered\n")
    (received,) = endpoint.wait_for(1)
    sent = json.loads(base64.b64decode(json.loads(received.body)["message"]["data"]))
    assert (sent["dates"], sent["source"]) == (["2024-04-20"], "event")
    assert gapheal("rejections").output == "no rejected events\n"
    (told,) = json.loads(gapheal("rejections", "--all", "--json").output)
    assert "replayed: pass " in told["replayed"]
    assert [row["raw"] is None for row in rows()] == [False, True], "the rejection stays, a word is added"


def test_what_comes_again_after_its_replay_is_listed_again(tables, reject, mended, gapheal, pipeline):
    unmended = pipeline.read_text()
    reject(push({"day": "2024-04-20"}))
    mended()
    gapheal("rejections", "--replay", "42")
    pipeline.write_text(unmended)
    reject(push({"day": "2024-04-20"}))

    assert [one["replayed"] for one in json.loads(gapheal("rejections", "--json").output)] == [None]


def test_one_that_is_rejected_still_says_why_and_is_not_kept_twice(tables, reject, gapheal, rows):
    reject(push({"game_date": "TODAY"}))
    before = rows()
    done = gapheal("rejections", "--replay", "42")

    assert done.exit_code == 1
    assert done.output.startswith(f"42  {NAME}  rejected still: game_date: expected a date like 2024-04-16")
    assert rows() == before


def test_all_of_a_transition_are_replayed_each_once(tables, topic, reject, mended, gapheal):
    reject(push({"day": "2024-04-20"}), push({"day": "2024-04-20"}), push({"day": "TODAY"}, "43"))
    mended()
    done = gapheal("rejections", "--all-of", NAME, "--json")

    assert done.exit_code == 1
    assert [(each["id"], each["rejected"]) for each in json.loads(done.output)] == [("42", False), ("43", True)]
    assert [one["id"] for one in json.loads(gapheal("rejections", "--json").output)] == ["43"]


def test_one_without_an_id_has_a_short_one(tables, topic, reject, mended, gapheal):
    reject(push({"day": "2024-04-20"}, None))
    (one,) = json.loads(gapheal("rejections", "--json").output)
    mended()

    assert len(one["id"]) == 12
    assert gapheal("rejections", "--replay", one["id"]).exit_code == 0
    assert gapheal("rejections").output == "no rejected events\n"


def test_of_a_large_one_too_little_was_kept(tables, reject, gapheal):
    reject(push({"day": "x" * KEPT}))
    done = gapheal("rejections", "--replay", "42")

    assert "(cut: it cannot be replayed)" in gapheal("rejections").output
    assert done.exit_code == 1
    assert done.output == f"42  {NAME}  rejected still: its first 64 KiB are all that was kept: let it be sent again\n"


@pytest.mark.fault(26)
def test_what_was_an_event_never_becomes_a_scan(tables, reject, gapheal):
    """Unwrapped, only headers told that it is an event; those are not kept."""
    reject(b'{"scan_for_gaps": true}', headers={"x-goog-pubsub-message-id": "42"})
    done = gapheal("rejections", "--replay", "42")

    assert (done.exit_code, "rejected still: no date" in done.output) == (1, True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--replay", "7"], "--replay: expected ids as `gapheal rejections --all` lists them, found 7"),
        (["--replay", "42", "--all-of", NAME], "expected --replay or --all-of, found both"),
        (["--all-of", "phase9"], f"expected one of {NAME}, found phase9"),
        (["--since", "today"], "found"),
    ],
)
def test_what_cannot_be_asked_is_told(words, said, reject, gapheal):
    reject(push({}))
    done = gapheal("rejections", *words)

    assert (done.exit_code, said in done.output) == (2, True)
