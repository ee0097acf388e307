"""10,000 bodies that nobody would send, through the door: each has its answer, and what was an event is kept.

Grown from good ones by a seed that is printed: bytes flipped, cut, doubled, keys and values exchanged.
"""

import json
import random
from base64 import b64encode
from collections import Counter
from datetime import date, timedelta

import pytest

from gapheal.events import looks_like_event

BODIES, SEED = 10_000, 4
DAY = date(2024, 6, 18)

DATES = [
    *(str(DAY), "2024-06-18T05:00:00Z", "2024-02-30", "2026-W01-1", "20260101", "0001-01-01", "9999-12-31"),
    *("２０２４-06-18", "TODAY", "None", "", "2024-06-18\n", "`; DROP TABLE x; --", "2024-06-18..2024-06-19"),  # noqa: RUF001
    *(None, 0, 20240618, 1e308, True, [], {}, ["2024-06-18"], {"date": "2024-06-18"}, "\ud800", "\x00", "é" * 300),
]
KEYS = ["date", "game_date", "dates", "start_date", "end_date", "scan_for_gaps", "skip_downstream_trigger", "dry_run"]
KEYS += ["message", "data", "attributes", "subscription", "specversion", "type", "data_base64", "sweep", "\x00", ""]
HEADERS: list[dict[str, str]] = [
    *({}, {}, {}, {"ce-id": "1", "ce-type": "t", "ce-specversion": "1.0"}, {"x-goog-pubsub-message-id": "7"}),
    {"Content-Type": "application/octet-stream", "X-CloudScheduler": "true"},
    {"X-Goog-Pubsub-Message-Id": "\n'; DROP", "X-Goog-Pubsub-Publish-Time": "never"},
]


class Fuzzer:
    """Bodies and headers by a seed."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)  # noqa: S311 - to be repeated, not to be secret

    def request(self) -> tuple[bytes, dict[str, str]]:
        body = json.dumps(self.shape()).encode()
        if self.chance.random() < 0.5:
            body = self.broken(body)
        return body, self.chance.choice(HEADERS)

    def shape(self) -> object:
        said = self.fields()
        data = json.dumps(said).encode()
        if self.chance.random() < 0.3:
            data = self.broken(data)
        encoded = b64encode(data).decode()
        push = {"message": {"data": encoded, "messageId": "5"}, "subscription": "s", "deliveryAttempt": 3}
        shapes = [
            said,
            {"scan_for_gaps": True, **said},
            {"specversion": "1.0", "type": "t", "id": "9", "data_base64": encoded},
            {"specversion": "1.0", "type": "t", "data": push},
            {"message": {"attributes": said, "message_id": "5"}, "subscription": "s"},
            self.chance.choice(DATES),
            push,
        ]
        return self.chance.choice(shapes)

    def fields(self) -> dict[str, object]:
        picked = self.chance.sample(KEYS, self.chance.randrange(4))
        wild = {key: self.chance.choice(DATES) for key in picked}
        return wild if self.chance.random() < 0.7 else {self.chance.choice(KEYS[:2]): str(DAY)}

    def broken(self, body: bytes) -> bytes:
        text = bytearray(body)
        for _ in range(self.chance.randrange(1, 6)):
            at = self.chance.randrange(len(text) + 1)
            match self.chance.randrange(5):
                case 0:
                    text[at : at + 1] = bytes([self.chance.randrange(256)])
                case 1:
                    del text[at : at + self.chance.randrange(20)]
                case 2:
                    text[at:at] = text[: self.chance.randrange(40)]
                case 3:
                    text[at:at] = self.chance.choice([b"[" * 3000, b"NaN", b'"', b"\\u0000", b"{}", b"\xff", b"1e999"])
                case _:
                    del text[at:]
        return bytes(text)


@pytest.fixture
def place(town):
    """Two dates that may be triggered, whatever is sent."""
    made = town(max_in_flight=5)
    for back in range(2):
        made.world.warehouse.put("d.raw", DAY - timedelta(days=back))
    return made


@pytest.mark.fault(22, 24, 25)
def test_no_body_is_answered_with_a_crash_and_every_rejected_one_is_kept(place, measured, capsys):
    fuzzer = Fuzzer(SEED)
    answers: Counter[str] = Counter()
    for number in range(BODIES):
        body, headers = fuzzer.request()
        place.world.ledger.rows["rejections"].clear()
        answer = place.post(body, headers=headers)
        rejected = answer.body.get("rejected") is True
        answers["rejected" if rejected else str(answer.status)] += 1
        told = (SEED, number, body[:300], headers, answer)

        assert answer.status in {200, 400, 413}, told
        assert len(place.world.ledger.rows["rejections"]) == rejected, told
        assert answer.status == 200 or not looks_like_event(body, headers), told
        if number % 500 == 0:
            out, err = capsys.readouterr()
            assert err == "", told
            lines = [json.loads(line) for line in out.splitlines()]
            assert {line["severity"] for line in lines} <= {"INFO", "WARNING"}, told

    measured(f"{BODIES:,} fuzzed bodies (seed {SEED}): {dict(answers.most_common())}")
    assert set(place.world.publisher.days) <= {DAY, DAY - timedelta(days=1)}
    assert min(answers["rejected"], answers["400"], answers["200"]) > BODIES / 50, "one-sided"


@pytest.mark.fault(22)
def test_a_body_of_33_mb_is_read_to_its_end_and_rejected(place):
    """The server's own side of it is in tests/functions/test_bodies.py."""
    body = b'{"message": {"data": "' + b"A" * 33_000_000 + b'", "messageId": "9"}, "subscription": "s"}'
    answer = place.post(body)
    (row,) = place.world.ledger.rows["rejections"]

    assert (answer.status, answer.body["rejected"]) == (200, True)
    assert (len(row["raw"]), row["transition"]) == (64 * 1024, "raw_to_refined")
    assert place.post(b"x" * 33_000_000).status == 413
