"""The real adapters, by which Google's clients come in: the command imports them when it needs a cloud."""

from gapheal.app.together import BigQueryTogether
from gapheal.bigquery import connect
from gapheal.claims import BigQueryClaims
from gapheal.ledger import BigQueryLedger
from gapheal.publisher import TargetPublisher
from gapheal.warehouse import BigQueryWarehouse

__all__ = ["BigQueryClaims", "BigQueryLedger", "BigQueryTogether", "BigQueryWarehouse", "TargetPublisher", "connect"]
