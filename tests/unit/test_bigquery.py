"""The one way to BigQuery: where nobody answers, or the answer is a refusal."""

from threading import Thread

import pytest
from google.api_core import exceptions
from google.auth.exceptions import RefreshError
from google.cloud.bigquery.job.base import _error_result_to_exception

import gapheal.bigquery
from gapheal.bigquery import Connection, connect, translated
from gapheal.errors import ConfigError, Unavailable

TOO_MUCH = {
    "reason": "bytesBilledLimitExceeded",
    "message": "Query exceeded limit for bytes billed: 107374182400. 214748364800 or higher required.",
}
"""How a job that would read too much ends."""


@pytest.mark.parametrize("job_id", [None, "stable"])
def test_a_query_that_nobody_answers_is_given_up_in_our_time_not_the_clients(job_id, monkeypatch):
    monkeypatch.setenv("BIGQUERY_EMULATOR_HOST", "http://127.0.0.1:9")
    monkeypatch.setattr(gapheal.bigquery, "RETRY", gapheal.bigquery.RETRY.with_deadline(1))
    connection = connect("small", "project-1", "us-west2")
    raised = []

    def ask():
        with pytest.raises(Unavailable) as error, translated("asking"):
            connection.query("SELECT 1", {}, job_id)
        raised.append(error)

    asking = Thread(target=ask, daemon=True)
    asking.start()
    asking.join(timeout=60)

    assert raised


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1:9050", "localhost", "http://", "http:///9050", "ftp://127.0.0.1:9050", "http://127.0.0.1:90500"],
)
def test_an_emulators_address_that_is_none_is_a_fault_of_the_environment(address, monkeypatch):
    monkeypatch.setenv("BIGQUERY_EMULATOR_HOST", address)

    with pytest.raises(ConfigError, match=r"BIGQUERY_EMULATOR_HOST: expected an address such as http://127") as error:
        connect("small", "project-1", "us-west2")

    assert address in str(error.value)


class Jobs:
    """A service that keeps jobs by their id, and loses the reply to the first one."""

    def __init__(self):
        self.ran = {}

    def query(self, sql, *, job_id, **_):
        if job_id in self.ran:
            raise exceptions.Conflict("Already Exists: Job")
        self.ran[job_id] = sql
        raise exceptions.Conflict("the client's own retry found the job that it had made")

    def get_job(self, job_id, **_):
        sql = self.ran[job_id]

        class Job:
            total_bytes_billed = 7

            def result(self, **_):
                return [{"ran": sql}]

        return Job()


@pytest.mark.fault(16)
def test_a_statement_with_a_stable_id_is_attached_to_and_runs_once():
    jobs = Jobs()
    connection = Connection(jobs, "project-1", "us-west2", {}, emulator=False)
    answers = [connection.query("INSERT", {}, "stable") for _ in range(2)]

    assert [answer.rows for answer in answers] == [[{"ran": "INSERT"}]] * 2
    assert list(jobs.ran) == ["stable"]


@pytest.mark.parametrize(
    ("error", "kind", "said"),
    [
        (exceptions.ServiceUnavailable("come back"), Unavailable, "come back"),
        (exceptions.Forbidden("Quota exceeded"), Unavailable, "Quota exceeded"),
        (RefreshError("token"), Unavailable, "token"),
        (TimeoutError(), Unavailable, "TimeoutError"),
        (
            exceptions.BadRequest("Unrecognized name: dya\nJob ID: 1"),
            ConfigError,
            "cannot run this: Unrecognized name: dya",
        ),
        (exceptions.BadRequest("bytesBilledLimitExceeded: 9"), ConfigError, "A smaller policy.scan_days reads less"),
        (_error_result_to_exception(TOO_MUCH), ConfigError, "A smaller policy.scan_days reads less"),
        (exceptions.BadRequest("Query exceeded limit", errors=[TOO_MUCH]), ConfigError, "policy.scan_days reads less"),
        (exceptions.InternalServerError("a bad moment", errors=[{"reason": "x"}]), Unavailable, "a bad moment"),
        (exceptions.NotFound("Not found: Table"), ConfigError, "Not found: Table"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
@pytest.mark.fault(17)
def test_each_failure_tells_the_caller_what_to_do_next(error, kind, said):
    with pytest.raises(kind, match="asking") as caught, translated("asking"):
        raise error

    assert said in str(caught.value)
    assert "Job ID" not in str(caught.value)
