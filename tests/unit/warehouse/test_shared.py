"""One warehouse serves many requests at once."""

from contextlib import suppress
from datetime import UTC, datetime
from types import SimpleNamespace

from google.api_core import exceptions as google
from google.cloud import bigquery

from gapheal.bigquery import Rows
from gapheal.errors import ConfigError
from gapheal.model.passes import Scope
from gapheal.testing import small_pipeline
from gapheal.warehouse import BigQueryWarehouse

DAY = datetime(2024, 6, 20, tzinfo=UTC).date()
NAME, SCOPE = "raw_to_refined", Scope(dates=frozenset({DAY}))
NOTHING = Rows([{"source": -1, "day": None, "observed_at": datetime(2024, 6, 21, tzinfo=UTC)}], 0)


class Connection:
    """BigQuery in which, while one request prepares its statement, another one finds the tables gone."""

    location, emulator = "us-west2", False

    def __init__(self):
        self.client = SimpleNamespace(get_table=self.get_table)
        self.meanwhile = None
        self.gone = False

    @property
    def project(self):
        if other := self.meanwhile:
            self.meanwhile = None
            other()
        return "p"

    def get_table(self, name, **_):
        if self.gone:
            raise google.BadRequest("gone")
        table = bigquery.Table(name, [bigquery.SchemaField("day", "DATE"), bigquery.SchemaField("game", "STRING")])
        table._properties["location"] = self.location
        return table

    def query(self, *_):
        if self.gone:
            raise google.NotFound("gone")
        return NOTHING


def test_a_request_that_finds_tables_gone_breaks_no_other_that_runs_beside_it():
    connection = Connection()
    warehouse = BigQueryWarehouse(small_pipeline(), connection)
    warehouse.observe(NAME, SCOPE)

    def other():
        connection.gone = True
        with suppress(ConfigError):
            warehouse.observe(NAME, SCOPE)
        connection.gone = False

    connection.meanwhile = other
    seen = warehouse.observe(NAME, SCOPE)

    assert seen.now == NOTHING.rows[0]["observed_at"]
