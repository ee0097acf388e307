"""Laws of telling: whatever stands open, whoever fails, restarts or looks at the same moment."""

from __future__ import annotations

import json
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from gapheal.alerts import State, Teller
from gapheal.alerts.changes import changes, told
from gapheal.model.findings import OF_A_PASS, Finding, Kind
from gapheal.testing import World, small_pipeline
from gapheal.testing.clock import NOON

NAME = "raw_to_refined"
URLS = {"GAPHEAL_ALERT_URLS": "json://one json://two", "GAPHEAL_PAGE_URLS": "pagerduty://key@unused"}
NAMES = [f"{name}[{n}]" for name, n in (("GAPHEAL_ALERT_URLS", 1), ("GAPHEAL_ALERT_URLS", 2), ("GAPHEAL_PAGE_URLS", 1))]
HOUR = timedelta(hours=1)
PAGE_ABOVE = 3


def finding(kind: Kind, days: frozenset[int]) -> Finding:
    dates = tuple(date(2024, 6, day) for day in sorted(days))
    numbers = {"page_above": PAGE_ABOVE} if kind is Kind.MANY_GAPS else {"codes": {"missing": len(dates)}}
    return Finding(kind, NAME, f"{len(dates)} dates", "gapheal plan", dates, NOON, numbers)


@st.composite
def looks(draw):
    """What one pass finds; many gaps follow from the others, and a pass that fails sees nothing else."""
    if draw(st.integers(0, 9)) == 0:
        return [Finding(Kind.FAILING, NAME, "no table", "gapheal validate --live")]
    some = st.frozensets(st.integers(1, 8), max_size=5)
    found = {kind: draw(some) for kind in (Kind.GAPS, Kind.STALLED, Kind.HELD)}
    everything = frozenset().union(*found.values())
    if len(everything) > PAGE_ABOVE:
        found[Kind.MANY_GAPS] = everything
    return [finding(kind, days) for kind, days in found.items() if days]


SOME_LOOKS = st.lists(looks(), min_size=1, max_size=12)


@given(SOME_LOOKS, st.booleans())
def test_what_is_opened_is_over_once_before_it_is_opened_again(several, baseline):
    state, now, standing = State(), NOON, dict[str, bool]()
    for some in [*several, []]:
        changed = changes(NAME, some, state, now=now, baseline=baseline)
        for opened in changed.opened:
            assert not standing.get(opened.key)
            standing[opened.key] = True
        for grown, new in changed.grew:
            assert standing[grown.key]
            assert not set(new) & set(state.open[grown.key].dates)
        for over in (*changed.over, *changed.faded):
            assert standing[over.key]
            standing[over.key] = False
        state = told(state, changed, now)
        assert State.read(json.loads(json.dumps({**state.plain(), "n": state.n}))) == state
        again = changes(NAME, some, State.read({**state.plain(), "n": 1}), now=now, baseline=baseline)
        assert not again.worth_telling
        assert again.after == state.open
        now += HOUR
    assert not any(standing.values())
    assert state.open == {}


@given(st.lists(st.sampled_from(Kind).map(lambda kind: Finding(kind, None, "s", "c")), max_size=5))
def test_a_pass_and_the_sweep_never_end_what_the_other_told(some):
    of_a_pass = changes(NAME, some, State(), now=NOON, baseline=False)
    of_the_sweep = changes(None, some, State(), now=NOON, baseline=False)

    assert {each.kind for each in of_a_pass.opened} == {each.kind for each in some} & OF_A_PASS
    assert {each.kind for each in of_the_sweep.opened} == {each.kind for each in some} - OF_A_PASS


class People:
    """Three targets; those that are down take nothing."""

    def __init__(self) -> None:
        self.heard: dict[str, list[tuple[str, str]]] = {name: [] for name in NAMES}
        self.down: frozenset[str] = frozenset()

    def deliver(self, wanted):
        came = {}
        for target, messages in wanted:
            name = target.name.rpartition(" ")[0]
            if name in self.down:
                came[target.id] = ["down"]
                continue
            self.heard[name] += [(message.title, message.body) for message in messages]
            came[target.id] = [None] * len(messages)
        return came


def tell(several, trouble):
    """What three targets hear of these looks, an hour apart, with this trouble at each."""
    world, people = World(small_pipeline()), People()
    now = NOON
    for k, (some, (down, twice)) in enumerate([*zip(several, trouble, strict=True), *[([], (frozenset(), False))] * 2]):
        world.clock.moment = now
        people.down = down
        before = world.ledger.told(NAME)
        # Each look is another process: whatever it knows comes from the ledger.
        for n in range(1 + twice):
            teller = Teller(world.pipeline, world.ledger, world.claims, URLS, people.deliver)
            teller.tell(NAME, some, now=now, baseline=False, pass_id=f"{k}-{n}", told=before)
        now += HOUR
    return people.heard


@given(
    SOME_LOOKS.flatmap(
        lambda several: st.tuples(
            st.just(several),
            st.lists(
                st.tuples(st.frozensets(st.sampled_from(NAMES)), st.booleans()),
                min_size=len(several),
                max_size=len(several),
            ),
        )
    )
)
def test_outages_and_passes_at_once_change_when_a_target_hears_and_nothing_else(both):
    several, trouble = both
    calm = tell(several, [(frozenset(), False)] * len(several))

    assert tell(several, trouble) == calm
    assert calm[NAMES[0]] == calm[NAMES[1]]
