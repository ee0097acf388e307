"""The claims' contract, held alike by the memory double and by BigQuery's tables."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
from google.api_core import exceptions

from gapheal.bigquery import connect
from gapheal.claims import BigQueryClaims
from gapheal.errors import ConfigError, Unavailable
from gapheal.ledger.create import create
from gapheal.model.passes import Limited, Lost, Won
from gapheal.testing import FrozenClock, MemoryClaims, small_pipeline

NAME, DAY = "raw_to_refined", date(2024, 3, 1)


@pytest.fixture(params=["memory", "bigquery"])
def claims(request):
    if request.param == "memory":
        return MemoryClaims(FrozenClock())
    request.getfixturevalue("bq")
    connection = connect("small", request.getfixturevalue("project"), "us-west2")
    create(connection, small_pipeline())
    return BigQueryClaims(small_pipeline(), connection)


def test_the_first_wins_and_the_second_learns_when(claims):
    first = claims.acquire(NAME, DAY, 1, "100/10")
    second = claims.acquire(NAME, DAY, 1, "100/10")

    assert isinstance(first, Won)
    assert second == Lost(first.created_at)


def test_another_watermark_is_the_same_lock(claims):
    claims.acquire(NAME, DAY, 1, "100/10")

    assert isinstance(claims.acquire(NAME, DAY, 1, "200/20"), Lost)


@pytest.mark.parametrize(
    "other", [(NAME, DAY, 2), (NAME, date(2024, 3, 2), 1), ("refined_to_served", DAY, 1)], ids=["n", "date", "step"]
)
def test_another_number_date_or_transition_is_another_claim(claims, other):
    claims.acquire(NAME, DAY, 1, "100/10")

    assert isinstance(claims.acquire(*other, "100/10"), Won)


@pytest.mark.fault(2)
def test_of_many_at_once_exactly_one_wins(claims):
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: claims.acquire(NAME, DAY, 7, "100/10"), range(16)))

    assert [type(answer) for answer in answers].count(Won) == 1


@pytest.mark.fault(7)
def test_a_lost_reply_is_read_back_as_our_own(bq, project, monkeypatch):
    """The client repeats a create whose reply was lost, and gets 409 for its own claim."""
    connection = connect("small", project, "us-west2")
    create(connection, small_pipeline())
    real = connection.client.create_table
    monkeypatch.setattr(
        connection.client, "create_table", lambda *args, **kw: (real(*args, **kw), real(*args, **kw))[1]
    )

    assert isinstance(BigQueryClaims(small_pipeline(), connection).acquire(NAME, DAY, 1, "100/10"), Won)


def test_without_the_claims_dataset_it_says_so(bq, project, monkeypatch):
    """Against the emulator a missing dataset is a 500, so the service's own 404 is played here."""
    connection = connect("small", project, "us-west2")

    def not_found(*_args, **_kw):
        raise exceptions.NotFound(f"Not found: Dataset {project}:gapheal_small_claims")

    monkeypatch.setattr(connection.client, "create_table", not_found)

    with pytest.raises(ConfigError, match="gapheal_small_claims"):
        BigQueryClaims(small_pipeline(), connection).acquire(NAME, DAY, 1, "100/10")


@pytest.mark.parametrize(
    ("error", "answer"),
    [
        (exceptions.TooManyRequests("slow down"), Limited),
        (exceptions.Forbidden("slow down", errors=[{"reason": "rateLimitExceeded"}]), Limited),
        (exceptions.Forbidden("no", errors=[{"reason": "accessDenied"}]), Unavailable),
        (exceptions.ServiceUnavailable("down"), Unavailable),
    ],
    ids=["429", "rate limit", "permission lost", "down"],
)
def test_a_rate_limit_is_an_answer_and_an_outage_an_error(bq, project, monkeypatch, error, answer):
    connection = connect("small", project, "us-west2")
    create(connection, small_pipeline())

    def refuse(*_args, **_kw):
        raise error

    monkeypatch.setattr(connection.client, "create_table", refuse)
    claims = BigQueryClaims(small_pipeline(), connection)
    if answer is Unavailable:
        with pytest.raises(Unavailable):
            claims.acquire(NAME, DAY, 1, "100/10")
    else:
        assert isinstance(claims.acquire(NAME, DAY, 1, "100/10"), Limited)
