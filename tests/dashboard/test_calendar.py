"""The encoding of the board: whatever verdicts there are, they come back as they were, in few bytes."""

from __future__ import annotations

import json
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from gapheal.dashboard.calendar import encoded
from gapheal.dashboard.standing import Standing, commands, standing
from gapheal.model.passes import GAPS, Action, Condition

FIRST = date(2023, 12, 28)
MOMENTS = ["2024-07-01T15:00:00+00:00", "2024-07-01T16:00:00+00:00"]
SENTENCES = st.one_of(
    st.builds("{} rows downstream, {} upstream".format, st.integers(0, 30), st.integers(0, 30)),
    st.sampled_from(["mode observe sends nothing", "007 of 7; t_1.x2 #3, and ;,", "", "excused by the file: 3"]),
)
VERDICTS = st.tuples(
    st.sampled_from(["a_to_b", "b_to_c"]),
    st.integers(0, 40),
    st.sampled_from([("complete", "none"), ("missing", "held"), ("partial", "heal"), ("excused", "none")]),
    SENTENCES,
    st.sampled_from(MOMENTS),
)


def row(name, offset, said, sentence, moment):
    return {
        "transition": name,
        "partition_date": str(FIRST + timedelta(days=offset)),
        "condition": said[0],
        "action": said[1],
        "code": said[0],
        "standing": str(standing(said[0], said[1], said[0])),
        "sentence": sentence,
        "attempts": offset,
        "first_seen_at": moment,
        "observed_at": moment,
    }


def decoded(told, names):
    """What `decode.js` does, in Python."""
    for t, name in enumerate(names):
        numbers, place, last = told["numbers"][t].split(";"), 0, []
        for first, count, state, moment in told["runs"][t]:
            condition, action, code, _, words = told["states"][state]
            for day in range(first, first + count):
                if numbers[place]:
                    last = numbers[place].split(",")
                elif len(words) == 1:
                    last = []
                place += 1
                said = words[0] + "".join(n + word for n, word in zip(last, words[1:], strict=True))
                when = str(date.fromisoformat(told["first"]) + timedelta(days=day))
                yield name, when, condition, action, code, said, told["moments"][moment]


@given(st.lists(VERDICTS, min_size=1, unique_by=lambda verdict: verdict[:2]))
def test_every_verdict_comes_back_word_for_word(verdicts):
    board = [row(*verdict) for verdict in sorted(verdicts)]
    names = ["b_to_c", "a_to_b"]
    told = json.loads(json.dumps(encoded(board, names)))
    keys = ("transition", "partition_date", "condition", "action", "code", "sentence", "observed_at")

    assert sorted(decoded(told, names)) == sorted(tuple(each[key] for key in keys) for each in board)
    still_open = [each for each in board if each["condition"] in GAPS]
    assert sum(len(each) for each in told["open"]) == len(still_open)


def test_of_nothing_there_is_nothing():
    told = encoded([], ["a_to_b"])

    assert (told["first"], told["runs"], told["numbers"], told["open"]) == (None, [[]], [""], [[]])


def test_a_whole_year_of_the_same_is_one_run():
    board = [
        row("a_to_b", day, ("complete", "none"), "48 rows downstream, 48 upstream", MOMENTS[0]) for day in range(365)
    ]
    told = encoded(board, ["a_to_b"])

    assert told["runs"] == [[(0, 365, 0, 0)]]
    assert told["numbers"] == ["48,48" + ";" * 364]


def test_every_verdict_there_can_be_has_a_standing_and_a_command():
    told = {
        standing(condition, action, condition)
        for condition in Condition
        for action in (Action if condition in GAPS else [Action.NONE])
        if not (condition in GAPS and action is Action.NONE)
    }
    told |= {standing("waiting", "none", "stuck_rows"), standing("stale", "held", "stale_reported")}

    assert told == set(Standing)
    assert all("gapheal explain {transition} {date}" in [command for _, command in commands(kind)] for kind in Standing)


def test_what_mode_observe_holds_back_is_not_called_healing():
    assert standing("missing", "would_heal", "observe") is Standing.WOULD
    assert standing("missing", "deferred", "slow_start") is Standing.HEALING
    assert standing("missing", "deferred", "slow_start", "observe") is Standing.WOULD
    assert standing("missing", "leased", "leased", "observe") is Standing.HEALING
    assert standing("waiting", "none", "upstream_rows") is Standing.WAITING
    assert standing("waiting", "none", "stuck_rows") is Standing.PERSON
