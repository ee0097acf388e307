"""Both emulators stop and come back: nothing is lost, nothing is sent twice, no attempt is used."""

import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
from tests.faults.rig import Rig

from gapheal.local import bqemulator
from gapheal.local.ports import HOST, Ports
from gapheal.local.processes import Supervisor, answers, listening

pytestmark = [pytest.mark.emulator, pytest.mark.slow]
DAY, NEXT = date(2024, 3, 1), date(2024, 3, 2)
SCAN = {"scan_for_gaps": True}


class BigQuery:
    """An emulator that keeps its data when it ends."""

    def __init__(self, supervisor: Supervisor) -> None:
        self._supervisor = supervisor
        self._ports = [Ports().take("BigQuery"), Ports().take("its gRPC side")]
        self._home = bqemulator._home_with_spatial(supervisor.run_dir)
        self.address = f"http://{HOST}:{self._ports[0]}"

    def start(self) -> None:
        rest, grpc = map(str, self._ports)
        command = [sys.executable, "-m", "bqemulator", "start", "--persistent", "--data-dir", self._home / "data"]
        where = ["--rest-port", rest, "--grpc-port", grpc, "--no-admin", "--log-level", "error"]
        env = {"HOME": str(self._home), "BQEMU_ENABLE_FORMAT_EXTENSIONS": "false"}
        env |= {"BQEMU_UPLOAD_STAGING_DIR": str(self._home), "BQEMU_TIME_TRAVEL_RETENTION_DAYS": "0"}
        ready = answers(f"{self.address}/readyz")
        self._child = self._supervisor.start(
            "kept", [*command, *where], address=self.address, ready=ready, env=env, cwd=self._home
        )
        self._supervisor.wait_until_ready(self._child)

    def stop(self) -> None:
        self._supervisor.stop(self._child)


@pytest.fixture
def supervised(tmp_path, bigquery_emulator):
    """Skips where the shared emulator cannot start either."""
    with Supervisor(tmp_path) as supervisor:
        yield supervisor


@pytest.mark.fault(10, 11)
def test_emulators_stop_and_come_back(tmp_path, supervised, project, endpoint):
    bigquery, port = BigQuery(supervised), Ports().take("Pub/Sub")
    bigquery.start()

    def broker():
        command = [sys.executable, "-m", "gapheal.local.broker", "--port", str(port)]
        child = supervised.start("broker", command, address=f"{HOST}:{port}", ready=listening(port))
        supervised.wait_until_ready(child)
        return child

    first_broker = broker()
    with Rig(tmp_path, supervised, project, bigquery.address, f"{HOST}:{port}") as rig:
        rig.wire(endpoint.url)
        rig.fill("raw", [DAY])
        (child,) = rig.start(straight=True, max_attempts=1)
        assert rig.scan(child)["triggered"] == 1

        bigquery.stop()
        with ThreadPoolExecutor(1) as pool:
            asking = pool.submit(rig.post, child, SCAN)
            bigquery.start()
            during = asking.result()
        after = rig.scan(child)
        assert during.status in {200, 503}, "it waits a while, and then says so"
        assert (after["triggered"], after["actions"]["leased"]) == (0, 1), "the ledger and the claims are as they were"

        rig.fill("raw", [NEXT])
        supervised.stop(first_broker)
        down = rig.post(child, SCAN)
        broker()
        gone = rig.scan(child)
        rig.wire(endpoint.url)
        back = rig.scan(child)

    assert (down.status, b"no connection to Pub/Sub" in down.body) == (503, True)
    assert (gone["triggered"], "does not exist" in gone["errors"][0]) == (0, True)
    assert back["triggered_dates"] == [str(NEXT)], "no attempt was used"
    assert len(endpoint.wait_for(2)) == 2
