"""What several contracts are held against."""

from __future__ import annotations

import pytest

from gapheal.bigquery import connect
from gapheal.ledger import BigQueryLedger
from gapheal.testing import FrozenClock, MemoryLedger, small_pipeline


@pytest.fixture(params=["memory", "bigquery"])
def ledger(request):
    """The small pipeline's ledger, of either kind, at the `NOW` of the test's module."""
    pipeline = small_pipeline()
    if request.param == "memory":
        return MemoryLedger(pipeline, FrozenClock(request.module.NOW))
    request.getfixturevalue("bq")
    return BigQueryLedger(pipeline, connect("small", request.getfixturevalue("project"), "us-west2"))
