"""One week through four phases by one command, on the local stack; `make season` runs the playoffs and a season too."""

from collections import Counter

import pytest
from tests.backfill.season import SPANS
from tests.season.run import GAMES, PHASES, backfilled

pytestmark = [pytest.mark.emulator, pytest.mark.slow]
SECONDS, AT_ONCE = 0.5, 10


def test_a_week_by_one_command(tmp_path, measured):
    days = SPANS["week"]
    done = backfilled(tmp_path, days, SECONDS, AT_ONCE)
    least = done.least(days, AT_ONCE)
    measured(
        f"one command, {len(days)} dates x {len(PHASES) - 1} phases on the local stack, jobs of {SECONDS} s: "
        f"{done.seconds:.0f} s, the jobs alone {least:.0f} s"
    )

    check(done, days)
    for name in ("raw_to_refined", "predicted_to_shown"):
        assert f"{name}: {len(days)} done, {len(days)} of them healed" in done.said
    assert "the gates are open: tables are read, jobs are subscribed" in done.said


def check(done, days):
    """What has to hold of every span: rows seen, each date once, no job without its whole input, an event a phase."""
    asked = Counter((entry["phase"], entry["date"]) for entry in done.log)
    assert asked == {(phase, str(day)): 1 for phase in PHASES[1:] for day in days}
    assert [entry for entry in done.log if entry["found"] != entry["whole"]] == []
    assert all(rows == dict.fromkeys(map(str, days), GAMES) for rows in done.rows.values())
    assert sorted(event["phase"] for event in done.events) == sorted(PHASES[1:])
    for event in done.events:
        first, last = event.get("start_date") or event["dates"][0], event.get("end_date") or event["dates"][-1]
        assert (first, last) == (str(days[0]), str(days[-1]))
