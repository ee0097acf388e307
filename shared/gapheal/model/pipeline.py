"""The nouns of `pipeline.yaml`, in their one normal form (every shorthand expanded, every default in).

They are what the normaliser in `gapheal.spec` produces, what the resolved file holds, and what validation and the
JSON Schema are generated from. Nothing here reads a file, validates one or knows a shorthand.
"""

# No `from __future__ import annotations`: nouns are read by their annotations, and those of text have to be compiled.

from decimal import Decimal
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from gapheal.model.excuses import Excuse, Season
from gapheal.model.fields import (
    SOME,
    ColumnName,
    Count,
    DatasetName,
    Day,
    Days,
    Flag,
    Location,
    Minutes,
    PhaseName,
    PipelineName,
    Positive,
    PositiveDays,
    Predicate,
    ProjectId,
    Ratio,
    Seconds,
    Status,
    TableName,
    Template,
    Text,
    TopicName,
    TransitionName,
    Url,
    Variable,
    Version,
    Zone,
)
from gapheal.model.noun import Noun

Mode = Literal["paused", "observe", "heal"]
DETECTOR = "gap_detector"
"""The function of the whole pipeline, and its job among the transitions': no transition may have its name."""


class Table(Noun):
    """One table (or view) of a phase."""

    table: TableName
    """`[project.]dataset.table`."""
    date_column: ColumnName
    """DATE; DATETIME by its own date part; TIMESTAMP in the pipeline's timezone."""
    entity_column: ColumnName | None = None
    """COUNT(DISTINCT) of it makes partial dates visible."""
    entity: Text | None = None
    """What is counted, where column names differ between the sides; by default the column's name."""
    updated_column: ColumnName | None = None
    """TIMESTAMP of each row's writing: the surest last write."""
    min_rows: Positive = 1
    """Fewer rows than this are no whole date."""
    where: Predicate | None = None
    """SQL predicate on this table."""
    required: Flag = True
    """Whether a date without this table is a gap."""
    excuses: tuple[Excuse, ...] = ()
    """Dates on which this table alone may be empty."""

    @property
    def counts(self) -> str | None:
        """The entity that this table counts, or None where it counts rows alone; BigQuery's names have no case."""
        return (self.entity or self.entity_column).lower() if self.entity_column else None


class Expected(Noun):
    """The yardstick of a phase that no transition feeds: a schedule, say."""

    table: TableName
    """`[project.]dataset.table`."""
    date_column: ColumnName
    """As in a phase's table."""
    entity_column: ColumnName | None = None
    """As in a phase's table."""
    where: Predicate | None = None
    """SQL predicate on this table."""

    @property
    def as_table(self) -> Table:
        """The same, to be counted as any table is."""
        return Table(table=self.table, date_column=self.date_column, entity_column=self.entity_column, where=self.where)


class Phase(Noun):
    """A stage of the pipeline."""

    label: Text | None = None
    """What people call it."""
    completion_topic: TopicName | None = None
    """Where this phase announces its dates."""
    tables: Annotated[tuple[Table, ...], SOME]
    """Its tables, all keyed by a date column."""
    expected: Expected | None = None
    """What a first phase should have; only for a phase that no transition feeds."""


class PubSubTarget(Noun):
    """A topic that the downstream's job listens to."""

    topic: TopicName
    """A name in the pipeline's project, or `projects/<project>/topics/<name>`."""


class HttpTarget(Noun):
    """A URL that starts the downstream's job."""

    url: Url
    """Where to POST."""
    audience: Text | None = None
    """Of the ID token, which only https:// URLs get; by default the URL's origin."""
    accepted: tuple[Status, ...] = (200, 202)
    """Answers that mean: it will run."""
    busy: tuple[Status, ...] = (409, 429, 503)
    """Answers that mean: not now, ask again."""
    timeout_seconds: Seconds = 30
    """How long to wait for an answer."""


class Trigger(Noun):
    """What is sent for a date, and where: exactly one of `pubsub` and `http`."""

    pubsub: PubSubTarget | None = None
    """A topic; by default `<pipeline>-<downstream>-trigger`."""
    http: HttpTarget | None = None
    """A URL, in the topic's place."""
    payload: Template | None = None
    """Template of the data; by default all that is known of the trigger."""
    fan_out: tuple[Template, ...] = ()
    """Several payloads per date, one message each; not with `batch_size` above 1."""


class Policy(Noun):
    """How a transition is judged and paced."""

    mode: Mode = "observe"
    """`paused` looks at nothing, `observe` sends nothing, `heal` sends triggers."""
    start_date: Day | None = None
    """Nothing earlier is looked at; by default from upstream's first date on."""
    scan_days: PositiveDays | None = None
    """How far the hourly scan looks back; by default all the way."""
    lag_days: Days = 1
    """Scans leave dates newer than today less this alone."""
    settle_minutes: Minutes = 0
    """How long upstream must have been still."""
    min_completeness: Ratio = Decimal("1.0")
    """Share of the yardstick's entities that makes a date whole."""
    stale: Literal["ignore", "report", "heal"] = "report"
    """What to do about dates made from older input."""
    stale_after_minutes: Minutes = 60
    """How much later upstream must have been written to make a date stale."""
    lookback_days: Days = 0
    """Downstream's date reads upstream's dates this far back."""
    depends_on_past: Flag = False
    """Whether a date waits for the date before it."""
    lease_minutes: Minutes = 120
    """How long a triggered date is left alone: longer than the slowest job."""
    max_attempts: Positive = 3
    """Triggers per date before a person is asked."""
    max_in_flight: Positive = 25
    """Dates under way at once, after the first heal was seen."""
    breaker_after: Positive = 5
    """Dates under way before that."""
    max_age_days: Days | None = 30
    """Older gaps are held for a person; null: no limit."""
    age_from: Literal["arrival", "date"] = "arrival"
    """What age is counted from: the data's arrival, or the date itself."""
    page_above: Count = 100
    """More open gaps than this page on-call; what the first look finds never does."""
    order: Literal["oldest", "newest"] = "oldest"
    """Which dates go first."""
    batch_size: Positive = 1
    """Above 1: one message per run of consecutive dates, at most this long."""
    excuses: tuple[Excuse, ...] = ()
    """Dates that may be empty downstream, and why."""


class Transition(Noun):
    """One step of the pipeline: what feeds what, what to send, and how careful to be."""

    upstream: Annotated[tuple[Text, ...], SOME]
    """Phases; all must be whole."""
    downstream: Text
    """The phase that is fed."""
    event_date_keys: tuple[Text, ...] = ("game_date", "analysis_date", "target_date", "date")
    """Keys of an event that hold its date."""
    trigger: Trigger
    """What starts the downstream's job."""
    policy: Policy = Policy()
    """How it is judged and paced."""


class Alerts(Noun):
    """Names of the environment variables that hold the (secret) alert URLs, with commas or blanks between them."""

    urls_env: Variable = "GAPHEAL_ALERT_URLS"
    """Of what people should read in the morning."""
    pages_env: Variable = "GAPHEAL_PAGE_URLS"
    """Of what should wake somebody."""


class Pipeline(Noun):
    """A pipeline whose phases gapheal keeps caught up, each with the one before it."""

    version: Version
    """Of the file's form."""
    pipeline: PipelineName
    """The pipeline's name."""
    project: ProjectId | None = None
    """Google Cloud project; by default GOOGLE_CLOUD_PROJECT."""
    location: Location
    """Where the BigQuery datasets are, e.g. `us-west2`."""
    timezone: Zone
    """What "today" means; an IANA name."""
    ledger_dataset: DatasetName
    """Where gapheal remembers; by default `gapheal_<pipeline>`."""
    metadata: Literal["auto", "off", "on"] = "auto"
    """Whether partitions' metadata is read where it is enough; `auto` is `off` against an emulator."""
    recount: Literal["all", "changed"] = "all"
    """Which dates of a window are counted: all, or those whose partitions changed since they were counted last."""
    seasons: dict[Text, Annotated[tuple[Season, ...], SOME]] = {}  # noqa: RUF012 - nobody changes a noun
    """Named windows in which data is expected."""
    phases: Annotated[dict[PhaseName, Phase], SOME]
    """Stages of the pipeline."""
    transitions: Annotated[dict[TransitionName, Transition], SOME]
    """Steps between them."""
    alerts: Alerts = Alerts()
    """Where alerts go."""

    @property
    def zone(self) -> ZoneInfo:
        """The time zone in which the pipeline's days begin."""
        return ZoneInfo(self.timezone)

    @property
    def claims_dataset(self) -> str:
        """Claims are tables that expire, so they live apart from the ledger, which does not."""
        return f"{self.ledger_dataset}_claims"

    def feeding(self, phase: str) -> Transition | None:
        """The transition whose downstream is `phase`, or None for a first phase."""
        return next((t for t in self.transitions.values() if t.downstream == phase), None)

    def feeder(self, phase: str) -> str | None:
        """The name of that transition."""
        return next((name for name, t in self.transitions.items() if t.downstream == phase), None)

    def hears(self, transition: str) -> dict[str, str]:
        """The topics that tell a transition of finished dates, upstream's and downstream's, and who speaks there first.

        Several phases may announce on one topic; one subscription hears them all.
        """
        step, heard = self.transitions[transition], dict[str, str]()
        for phase in (*step.upstream, step.downstream):
            if topic := self.phases[phase].completion_topic:
                heard.setdefault(topic, phase)
        return heard
