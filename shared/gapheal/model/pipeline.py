"""The nouns of `pipeline.yaml`, in their one normal form (every shorthand expanded, every default in).

These models are what the normaliser in `gapheal.spec` produces, what the resolved file holds, and what the
JSON Schema is generated from. Nothing here reads a file or knows a shorthand.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field

Mode = Literal["paused", "observe", "heal"]

NAME = r"^[a-z][a-z0-9_]{0,62}$"
COLUMN = r"^[A-Za-z_][A-Za-z0-9_]{0,299}$"
TABLE = r"^([a-z][a-z0-9-]{4,28}[a-z0-9](:[a-z0-9-]+)?\.)?[A-Za-z_][A-Za-z0-9_]{0,1023}\.[A-Za-z0-9_\-]{1,1024}$"
TOPIC = r"^(projects/[a-z][a-z0-9:.\-]{4,62}/topics/)?[A-Za-z][A-Za-z0-9\-_.~+%]{2,254}$"

ColumnName = Annotated[str, Field(pattern=COLUMN)]
TableName = Annotated[str, Field(pattern=TABLE)]
TopicName = Annotated[str, Field(pattern=TOPIC)]


class Noun(BaseModel):
    """Frozen, and closed: an unknown key is a fault."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, use_attribute_docstrings=True)


class Season(Noun):
    """A window of days in which data is expected; both ends belong to it."""

    start: date
    end: date


class Excuse(Noun):
    """Why a date may be empty downstream. Conditions that are given must all hold."""

    reason: str = Field(min_length=1)
    """What people read; e.g. `all-star weekend`."""
    dates: tuple[date, ...] = ()
    """These dates."""
    first_days: Annotated[int, Field(ge=1)] | None = None
    """The first so many calendar days of each window of `season`, its start counted."""
    season: str | None = None
    """The season that `first_days` counts in."""
    outside: str | None = None
    """Every date in no window of this season."""
    upstream_entities_below: Annotated[int, Field(ge=1)] | None = None
    """Dates on which upstream has fewer entities than this."""
    from_: date | None = Field(default=None, alias="from")
    """This date and later (to `to`, if given)."""
    to: date | None = None
    """This date and earlier (from `from`, if given)."""


class Table(Noun):
    """One table (or view) of a phase."""

    table: TableName
    """`[project.]dataset.table`."""
    date_column: ColumnName
    """DATE; DATETIME by its own date part; TIMESTAMP in the pipeline's timezone."""
    entity_column: ColumnName | None = None
    """COUNT(DISTINCT) of it makes partial dates visible."""
    entity: str | None = None
    """What is counted, where column names differ between the sides; by default the column's name."""
    updated_column: ColumnName | None = None
    """TIMESTAMP of each row's writing: the surest last write."""
    min_rows: int = Field(default=1, ge=1)
    where: str | None = None
    """SQL predicate on this table."""
    required: bool = True
    excuses: tuple[Excuse, ...] = ()
    """Dates on which this table alone may be empty."""

    @property
    def counts(self) -> str | None:
        """The entity that this table counts, or None where it counts rows alone."""
        return self.entity or self.entity_column if self.entity_column else None


class Expected(Noun):
    """The yardstick of a phase that no transition feeds: a schedule, say."""

    table: TableName
    date_column: ColumnName
    entity_column: ColumnName | None = None
    where: str | None = None


class Phase(Noun):
    """A stage of the pipeline."""

    label: str | None = None
    completion_topic: TopicName | None = None
    """Where this phase announces its dates."""
    tables: tuple[Table, ...] = Field(min_length=1)
    expected: Expected | None = None


class PubSubTarget(Noun):
    """A topic that the downstream's job listens to."""

    topic: TopicName


class HttpTarget(Noun):
    """A URL that starts the downstream's job."""

    url: str = Field(pattern=r"^https?://[^\s/]+\S*$")
    audience: str | None = None
    """Of the ID token; by default the URL's origin."""
    accepted: tuple[int, ...] = (200, 202)
    busy: tuple[int, ...] = (409, 429, 503)
    timeout_seconds: int = Field(default=30, ge=1, le=540)


class Trigger(Noun):
    """What is sent for a date, and where: exactly one of `pubsub` and `http`."""

    pubsub: PubSubTarget | None = None
    http: HttpTarget | None = None
    payload: Any | None = None
    """Template of the data; None: the default of DESIGN §6."""
    fan_out: tuple[Any, ...] = ()
    """Several payloads per date, one message each."""


class Policy(Noun):
    """How a transition is judged and paced."""

    mode: Mode = "observe"
    start_date: date | None = None
    scan_days: Annotated[int, Field(ge=1)] | None = None
    lag_days: int = Field(default=1, ge=0)
    settle_minutes: int = Field(default=0, ge=0)
    min_completeness: Decimal = Field(default=Decimal("1.0"), gt=0, le=1)
    stale: Literal["ignore", "report", "heal"] = "report"
    stale_after_minutes: int = Field(default=60, ge=0)
    lookback_days: int = Field(default=0, ge=0)
    depends_on_past: bool = False
    lease_minutes: int = Field(default=120, ge=0)
    max_attempts: int = Field(default=3, ge=1)
    max_in_flight: int = Field(default=25, ge=1)
    breaker_after: int = Field(default=5, ge=1)
    max_age_days: Annotated[int, Field(ge=0)] | None = 30
    age_from: Literal["arrival", "date"] = "arrival"
    page_above: int = Field(default=100, ge=0)
    order: Literal["oldest", "newest"] = "oldest"
    batch_size: int = Field(default=1, ge=1)
    excuses: tuple[Excuse, ...] = ()


class Transition(Noun):
    """One step of the pipeline: what feeds what, what to send, and how careful to be."""

    upstream: tuple[str, ...] = Field(min_length=1)
    """Phases; all must be whole."""
    downstream: str
    event_date_keys: tuple[str, ...] = ("game_date", "analysis_date", "target_date", "date")
    trigger: Trigger
    policy: Policy = Policy()


class Alerts(Noun):
    """Names of the environment variables that hold the (secret) alert URLs."""

    urls_env: str = "GAPHEAL_ALERT_URLS"
    pages_env: str = "GAPHEAL_PAGE_URLS"


class Pipeline(Noun):
    """The whole file."""

    version: Literal[1]
    pipeline: str = Field(pattern=r"^[a-z][a-z0-9-]{0,39}$")
    project: str | None = None
    """None: GOOGLE_CLOUD_PROJECT."""
    location: str = Field(pattern=r"^[A-Za-z][A-Za-z0-9-]{1,39}$")
    timezone: str
    """What "today" means; an IANA name."""
    ledger_dataset: str = Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,1000}$")
    metadata: Literal["auto", "off", "on"] = "auto"
    seasons: dict[str, tuple[Season, ...]] = {}
    phases: dict[str, Phase] = Field(min_length=1)
    transitions: dict[str, Transition] = Field(min_length=1)
    alerts: Alerts = Alerts()

    @property
    def zone(self) -> ZoneInfo:
        """The time zone in which the pipeline's days begin."""
        return ZoneInfo(self.timezone)

    def feeding(self, phase: str) -> Transition | None:
        """The transition whose downstream is `phase`, or None for a first phase."""
        return next((t for t in self.transitions.values() if t.downstream == phase), None)
