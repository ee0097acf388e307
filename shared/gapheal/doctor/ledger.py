"""The ledger and its claims: there, ours, whole, and kept for ever."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from google.api_core import exceptions as google
from google.cloud import bigquery

from gapheal.bigquery import CALL_SECONDS, OWNER_LABEL, RETRY, translated
from gapheal.doctor.check import Check, Group
from gapheal.doctor.world import World
from gapheal.errors import ConfigError
from gapheal.ledger.create import check_owner
from gapheal.ledger.schema import PARTITIONED_BY, TABLES, VIEWS, columns, sql
from gapheal.warehouse.catalog import EMULATOR_DEFAULT_LOCATION

group = Group("ledger")
ROLE = "roles/bigquery.dataViewer on the ledger's datasets"
CREATE = "gapheal ledger create"
SAME = {"INT64": "INTEGER", "FLOAT64": "FLOAT", "BOOL": "BOOLEAN"}
"""BigQuery takes the one name and tells the other."""


def checks(world: World) -> Iterator[Check]:
    """Both datasets, then every table and view."""
    whole = True
    for name in (world.pipeline.ledger_dataset, world.pipeline.claims_dataset):
        found = list(_dataset(world, name))
        whole = whole and bool(found)
        yield from found or [group.fail("dataset", name, f"the dataset {name} was not found", CREATE)]
    if not _there(world, world.pipeline.ledger_dataset):
        return
    for table in TABLES:
        yield from _table(world, table)
    for view in VIEWS:
        yield _view(world, view)


def _there(world: World, name: str) -> bigquery.Dataset | None:
    full = f"{world.connection.project}.{name}"
    with translated(f"reading the dataset {full}"):
        try:
            return world.connection.client.get_dataset(full, retry=RETRY, timeout=CALL_SECONDS)
        except google.NotFound:
            return None


def _dataset(world: World, name: str) -> Iterator[Check]:
    found = _there(world, name)
    if found is None:
        return
    try:
        check_owner(world.connection, world.pipeline.pipeline, name)
    except ConfigError as error:
        yield group.fail(
            "owner", name, str(error), f"set the label {OWNER_LABEL}={world.pipeline.pipeline} if it is yours"
        )
        return
    wrong = list(_settings(world, name, found))
    yield from wrong or [group.ok("dataset", name, f"there, in {found.location}, labelled as this pipeline's")]


def _settings(world: World, name: str, found: bigquery.Dataset) -> Iterator[Check]:
    expected, location = world.connection.location, str(found.location)
    if location.lower() != expected.lower() and not (
        world.connection.emulator and location == EMULATOR_DEFAULT_LOCATION
    ):
        yield group.fail(
            "location",
            name,
            f"expected the dataset {name} in {expected}, found it in {location}",
            "choose another `ledger_dataset`",
        )
    lasts = found.default_table_expiration_ms
    if name == world.pipeline.ledger_dataset and (lasts or found.default_partition_expiration_ms):
        days = timedelta(milliseconds=lasts or found.default_partition_expiration_ms or 0).total_seconds() / 86_400
        yield group.fail(
            "dataset expiry",
            name,
            f"expected a ledger kept for ever, found that what is created in {name} is deleted after {days:g} days",
            "bq update --default_table_expiration 0 --default_partition_expiration 0 "
            f"{world.connection.project}:{name}",
        )


def _table(world: World, name: str) -> Iterator[Check]:
    found = _get(world, name)
    if found is None:
        yield group.fail(
            "table", name, f"the ledger's table {name} was not found: an older release made this ledger", CREATE
        )
        return
    wrong = [*_columns(name, found), *_kept(world, name, found)]
    yield from wrong or [group.ok("table", name, f"there, with its {len(columns(name))} columns, kept for ever")]


def _columns(name: str, found: bigquery.Table) -> Iterator[Check]:
    there = {column.name: SAME.get(column.field_type, column.field_type) for column in found.schema}
    wanted = {column: SAME.get(kind, kind) for column, kind in columns(name).items()}
    if lacking := [column for column in wanted if column not in there]:
        sentence = f"{name} lacks {', '.join(lacking)}: an older release made this ledger"
        yield group.fail("columns", name, sentence, CREATE)
    other = [
        f"{column} is {there[column]}, expected {kind}"
        for column, kind in wanted.items()
        if there.get(column, kind) != kind
    ]
    if other:
        yield group.fail(
            "column types",
            name,
            f"{name}: {'; '.join(other)}",
            "choose another `ledger_dataset`, then `gapheal ledger create`",
        )


def _kept(world: World, name: str, found: bigquery.Table) -> Iterator[Check]:
    full = f"{world.connection.project}:{world.pipeline.ledger_dataset}.{name}"
    cut = found.time_partitioning
    if found.expires:
        yield group.fail(
            "table expiry",
            name,
            f"expected {name} to be kept for ever, found that it is deleted on {found.expires:%Y-%m-%d}",
            f"bq update --expiration 0 {full}",
        )
    if cut and cut.expiration_ms:
        days = timedelta(milliseconds=cut.expiration_ms).total_seconds() / 86_400
        yield group.fail(
            "partition expiry",
            name,
            f"expected rows of {name} to be kept for ever, found that they are deleted after {days:g} days",
            f"bq update --time_partitioning_expiration 0 {full}",
        )
    if found.require_partition_filter:
        yield group.fail(
            "partition filter",
            name,
            f"{name} refuses queries without a filter on {PARTITIONED_BY}",
            f"bq update --norequire_partition_filter {full}",
        )
    if cut is None or cut.field != PARTITIONED_BY:
        yield group.warn(
            "partitioning",
            name,
            f"expected {name} to be partitioned by {PARTITIONED_BY}, found {(cut and cut.field) or 'that it is not'}: "
            "it works, and reads more than it must",
        )


def _view(world: World, name: str) -> Check:
    found = _get(world, name)
    if found is None:
        return group.fail(
            "view", name, f"the ledger's view {name} was not found: an older release made this ledger", CREATE
        )
    # An emulator does not tell a view's text.
    if found.view_query is not None and found.view_query.strip() != sql(name, world.ledger).strip():
        return group.warn(
            "view", name, f"the view {name} is not this release's: what reads it may be told less", CREATE
        )
    return group.ok("view", name, "there, as this release has it")


def _get(world: World, name: str) -> bigquery.Table | None:
    full = f"{world.ledger}.{name}"
    with translated(f"reading {full}"):
        try:
            return world.connection.client.get_table(full, retry=RETRY, timeout=CALL_SECONDS)
        except google.NotFound:
            return None
