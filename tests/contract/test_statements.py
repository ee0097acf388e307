"""Every statement that is kept in a file is BigQuery's own SQL, whatever an emulator takes."""

from pathlib import Path

import pytest

import gapheal.doctor
import gapheal.ledger
from gapheal.doctor.history import own
from gapheal.ledger.schema import sql

ROOMS = {"ledger": (gapheal.ledger, sql), "doctor": (gapheal.doctor, own)}


def named(room):
    return sorted(path.stem for path in Path(ROOMS[room][0].__file__).parent.glob("*.sql"))


@pytest.mark.parametrize(("room", "name"), [(room, name) for room in ROOMS for name in named(room)])
def test_every_statement_is_bigquerys_sql(room, name):
    sqlglot = pytest.importorskip("sqlglot")
    _, text = ROOMS[room]

    whole = sqlglot.parse_one(text(name, "project.dataset"), read="bigquery")
    selects = list(whole.find_all(sqlglot.exp.Select))
    assert selects
    # Its grammar asked for a WHERE, a GROUP BY or a HAVING beside each QUALIFY; the emulator does not.
    kinds = ("qualify", "where", "group", "having")
    assert [each.sql() for each in selects if [kind for kind in kinds if each.args.get(kind)] == ["qualify"]] == []
