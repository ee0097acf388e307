"""The soak in short; `make soak` runs a thousand passes, and holds the memory to its limit."""

import pytest
from tests.faults.rig import Rig
from tests.faults.soak import MAX_ATTEMPTS, POLICY, Soak

pytestmark = [pytest.mark.emulator, pytest.mark.slow]
PASSES, SEED = 30, 1


@pytest.mark.fault(11, 16)
def test_hours_of_passes_while_one_call_in_twenty_fails(
    tmp_path, supervisor, project, bigquery_emulator, embedded_broker, endpoint, measured
):
    with Rig(tmp_path, supervisor, project, bigquery_emulator, embedded_broker) as rig:
        rig.wire(endpoint.url)
        (child,) = rig.start(**POLICY)
        outcome = Soak(rig, endpoint, SEED).run(PASSES, child, SEED)
    measured(str(outcome))

    assert outcome.whole == outcome.dates
    assert outcome.most_attempts <= MAX_ATTEMPTS
    assert sum(outcome.broken.values()) > 0.02 * outcome.asked, "too little was broken"
    assert outcome.triggers > PASSES / 2, "too little had to be healed"
