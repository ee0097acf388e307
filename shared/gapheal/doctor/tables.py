"""The file held against its tables, as `validate --live` does."""

from __future__ import annotations

from collections.abc import Iterator

from google.api_core import exceptions as google

from gapheal.app.live import all_tables, observed, report
from gapheal.app.unseen import warnings
from gapheal.bigquery import CALL_SECONDS, RETRY, translated
from gapheal.doctor.check import Check, Group
from gapheal.doctor.world import World
from gapheal.errors import ConfigError
from gapheal.model.passes import Observations
from gapheal.warehouse import reads_metadata
from gapheal.warehouse.catalog import called, full_name, survey

group = Group("tables")
ROLE = "roles/bigquery.dataViewer on the dataset"
MEND = "correct the file, then `gapheal validate --live`; or mend the table"


def checks(world: World) -> Iterator[Check]:
    """Every table of the file, what only a query finds, and what would stay unseen."""
    connection, pipeline = world.connection, world.pipeline
    tables = all_tables(pipeline)
    found = survey(connection, tables)
    metadata = reads_metadata(pipeline, connection)
    for key, table in tables.items():
        faults = [fault for fault in found.faults if fault.startswith(f"{called(key)} ")]
        yield from (group.fail("table", key.table, fault, MEND) for fault in faults)
        if key in found.tables and not faults:
            told = report(pipeline, key, table, found.tables[key], metadata=metadata)
            sentence = f"{told.type}, {told.date_column}, partitions: {told.partitions}, last write: {told.last_write}"
            yield group.ok("table", key.table, sentence)
    if found.faults:
        yield group.skipped("reading", "all transitions", "nothing is read before the tables above are mended")
        return
    try:
        seen = observed(pipeline, connection)
    except ConfigError as error:
        yield from (group.fail("reading", _whose(line), line, MEND) for line in str(error).splitlines())
        return
    for name, each in seen.items():
        yield group.ok("reading", name, _said(each))
    # An emulator has no last writes; what it therefore does not see is nothing against the deployment.
    there = metadata or (connection.emulator and pipeline.metadata == "auto")
    for line in warnings(pipeline, found.tables, seen, metadata=there):
        name, _, said = line.partition(": ")
        yield group.warn("unseen", *((name, said) if name in pipeline.transitions else ("a table", line)))


def access(world: World) -> Iterator[Check]:
    """Whether the account that asks may read the tables and add to the ledger."""
    if world.local:
        yield group.skipped("access", "all tables", "no permission is asked for on this machine")
        return
    connection = world.connection
    wanted = {
        full_name(connection, table.table): "bigquery.tables.getData" for table in all_tables(world.pipeline).values()
    }
    wanted |= {f"{world.ledger}.{name}": "bigquery.tables.updateData" for name in ("passes", "triggers", "verdicts")}
    asked, lacking = 0, []
    for name, permission in wanted.items():
        with translated(f"asking for permissions on {name}"):
            try:
                answer = connection.client.test_iam_permissions(name, [permission], retry=RETRY, timeout=CALL_SECONDS)
            except google.NotFound:
                continue  # told already
        asked += 1
        if permission not in answer.get("permissions", ()):
            lacking.append((name, permission))
    for name, permission in lacking:
        role = "roles/bigquery.dataViewer" if permission.endswith("getData") else "roles/bigquery.dataEditor"
        yield group.warn(
            "access",
            name,
            f"expected {permission} for the account that asks, found it has not: commands that need it fail from "
            "here; the functions have an account of their own",
            f"grant {role} on the dataset",
        )
    if not asked:
        yield group.skipped("access", "all tables", "none is there to ask about")
    elif not lacking:
        yield group.ok("access", f"{asked} tables", "this account may read the tables and add to the ledger")


def _whose(fault: str) -> str:
    """Of `observing phase2_to_phase3: …` the transition, of `phases.phase2: table nba_raw.games …` the table."""
    place, _, told = fault.partition(": ")
    if place.startswith("observing "):
        return place.removeprefix("observing ")
    return told.split()[1] if told.startswith("table ") else "a table"


def _said(seen: Observations) -> str:
    days = {day for counts in seen.counts.values() for day in counts}
    many = f"{len(days)} dates from {min(days)} to {max(days)}" if days else "no dates"
    return f"a scan sees {many}; it reads {seen.bytes_billed:,} bytes in {seen.queries} queries"
