"""Real processes that die, and real clients whose calls are broken between them and the emulators."""

import json
import statistics
import time
from base64 import b64decode
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
from tests.faults.rig import Rig

from gapheal.local.calls import FAULTS, call

pytestmark = [pytest.mark.emulator, pytest.mark.slow]
DAY = date(2024, 3, 1)
SCAN = {"scan_for_gaps": True}
CLAIM = b"/datasets/gapheal_small_claims/tables"
AT_ONCE, PROCESSES = 200, 4


@pytest.fixture
def rig(tmp_path, supervisor, project, bigquery_emulator, embedded_broker, endpoint):
    """One date upstream that the first function has to heal; its triggers reach `endpoint`."""
    with Rig(tmp_path, supervisor, project, bigquery_emulator, embedded_broker) as rig:
        rig.wire(endpoint.url)
        rig.fill("raw", [DAY])
        yield rig


def ids(received):
    """The trigger ids that reached the job, in order."""
    return [json.loads(b64decode(json.loads(each.body)["message"]["data"]))["trigger_id"] for each in received]


def asked(call):
    """What came of a call, if it was answered at all."""
    try:
        return call()
    except FAULTS:
        return None


@pytest.mark.fault(5)
def test_killed_between_claim_and_publish(rig, endpoint):
    (child,) = rig.start()
    held = rig.broker.hold(b"trigger_id")
    with ThreadPoolExecutor(1) as pool:
        asking = pool.submit(asked, lambda: rig.post(child, SCAN))
        assert held.seen.wait(120), "nothing was published"
        rig.kill(child)
        rig.broker.calm()
        assert asking.result() is None
    (second,) = rig.start()
    within = rig.scan(second)
    (third,) = rig.start(lease_minutes=0)
    after, last = rig.scan(third), rig.scan(third)

    assert (within["actions"]["leased"], within["triggered"]) == (1, 0)
    assert (after["triggered"], last["triggered"]) == (0, 1)
    assert rig.triggers() == [(1, "unknown"), (2, "published")]
    assert len(endpoint.wait_for(1)) == 1


@pytest.mark.fault(6)
def test_killed_between_publish_and_record(rig, endpoint):
    (child,) = rig.start()
    held = rig.bigquery.hold(b"INSERT INTO")
    with ThreadPoolExecutor(1) as pool:
        asking = pool.submit(asked, lambda: rig.post(child, SCAN))
        assert held.seen.wait(120), "nothing was recorded"
        rig.kill(child)
        rig.bigquery.calm()
        assert asking.result() is None
    assert len(endpoint.wait_for(1)) == 1
    (second,) = rig.start()
    within = rig.scan(second)
    (third,) = rig.start(lease_minutes=0)
    rig.scan(third)
    rig.fill("refined", [DAY])
    last = rig.scan(third)

    assert (within["actions"]["leased"], within["triggered"]) == (1, 0)
    assert rig.triggers() == [(1, "unknown")], "the claim tells what the ledger could not"
    assert (last["gaps_found"], last["triggered"], len(endpoint.received)) == (0, 0, 1)


@pytest.mark.fault(7)
def test_the_reply_to_a_claim_is_lost(rig, endpoint):
    (child,) = rig.start()
    rig.bigquery.once(CLAIM, "drop")
    report = rig.scan(child)

    assert rig.bigquery.broken == {"drop": 1}
    assert (report["triggered"], report["errors"]) == (1, [])
    assert len(endpoint.wait_for(1)) == 1


@pytest.mark.fault(8)
def test_the_reply_to_a_publish_is_lost(rig, endpoint):
    """The client repeats it; whoever hears it twice knows that by its id. No later pass repeats it."""
    (child,) = rig.start()
    rig.broker.once(b"trigger_id", "drop")
    first, second = rig.scan(child), rig.scan(child)
    endpoint.wait_for(1)

    assert rig.broker.broken == {"drop": 1}
    assert (first["triggered"], second["triggered"], second["actions"]["leased"]) == (1, 0, 1)
    assert len(set(ids(endpoint.received))) == 1
    assert len(rig.triggers()) == 1


@pytest.mark.fault(16)
def test_the_reply_to_a_ledger_insert_is_lost(rig, endpoint):
    """Here the repeated job runs again (BigQuery attaches to the first): the rows are there twice, and count once."""
    (child,) = rig.start()
    rig.bigquery.once(b"gapheal_small.triggers` (", "drop")
    first, second = rig.scan(child), rig.scan(child)

    assert rig.bigquery.broken == {"drop": 1}
    assert (first["triggered"], first["errors"]) == (1, [])
    assert (second["triggered"], second["actions"]["leased"]) == (0, 1)
    assert rig.triggers() == [(1, "published")]


@pytest.mark.fault(15)
def test_a_ledger_insert_is_refused_for_good(rig, endpoint):
    (child,) = rig.start()
    rig.bigquery.rule = lambda seen: "400" if b"INSERT INTO" in seen else None
    first = rig.scan(child)
    rig.bigquery.calm()
    second = rig.scan(child)

    assert (first["triggered"], len(first["errors"])) == (1, 3)
    assert "writing 1 rows to" in first["errors"][0]
    assert (second["triggered"], second["actions"]["leased"]) == (0, 1)
    assert len(endpoint.wait_for(1)) == 1


@pytest.mark.fault(11)
@pytest.mark.parametrize("how", ["503", "429", "reset", "delay"])
def test_a_read_is_broken_twice_and_then_works(rig, endpoint, how):
    (child,) = rig.start()
    rig.scan(child)
    broken = iter([how, how])
    rig.bigquery.rule = lambda seen: next(broken, None) if b"refined" in seen else None
    report = rig.scan(child)

    assert rig.bigquery.broken == {how: 2}
    assert (report["gaps_found"], report["triggered"], report["errors"]) == (1, 0, [])


@pytest.mark.fault(2)
def test_200_alike_pushes_over_4_processes_are_one_trigger(rig, endpoint, measured):
    """They share nothing but the emulators."""
    children = rig.start(PROCESSES, straight=True)
    data = {"data": "eyJkYXRlIjogIjIwMjQtMDMtMDEifQ==", "messageId": "1"}
    body = json.dumps({"message": data, "subscription": "s"}).encode()
    took, replies = [], []

    def push(number):
        started = time.monotonic()
        reply = asked(lambda: call("POST", children[number % PROCESSES].address, body, {}, timeout=600))
        took.append(time.monotonic() - started)
        replies.append(reply)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(push, range(AT_ONCE)))
    errors = sum(reply is None or reply.status != 200 for reply in replies)
    p95 = statistics.quantiles(took, n=20)[18]
    measured(f"{AT_ONCE} alike pushes at once over {PROCESSES} processes: p95 {p95:.1f} s, {errors} errors")

    assert errors == 0
    assert sum(json.loads(reply.body)["triggered"] for reply in replies) == 1
    assert len(endpoint.wait_for(1)) == 1
    assert rig.triggers() == [(1, "published")]
