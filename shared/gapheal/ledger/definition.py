"""The ledger's tables and views as JSON, for what is not Python: `python -m gapheal.ledger.definition FILE`.

Terraform reads it; it says exactly what `gapheal ledger create` creates.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from gapheal.ledger.schema import CLUSTERED_BY, PARTITIONED_BY, TABLES, VIEWS, columns, sql

LEDGER = "${ledger}"
"""Where a view's text names the dataset: whoever creates the view puts `project.dataset` there."""


def definition() -> dict[str, Any]:
    """Columns by table, in order; the text of each view; how all tables are cut."""
    return {
        "partitioned_by": PARTITIONED_BY,
        "clustered_by": [CLUSTERED_BY],
        "tables": {
            table: [{"name": name, "type": kind} for name, kind in columns(table).items()] for table in sorted(TABLES)
        },
        "views": {view: sql(view, LEDGER) for view in sorted(VIEWS)},
    }


def text() -> str:
    """The same, as it stands in a file."""
    return json.dumps(definition(), indent=2) + "\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(text())
