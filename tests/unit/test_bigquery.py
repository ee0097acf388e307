"""The one way to BigQuery, where nobody answers."""

from threading import Thread

import pytest

import gapheal.bigquery
from gapheal.bigquery import connect, translated
from gapheal.errors import Unavailable


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
    asking.join(timeout=10)

    assert raised
