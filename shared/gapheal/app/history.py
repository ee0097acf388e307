"""Where the past of the tables is wired: a rollback alone asks for it, and no function does."""

from __future__ import annotations

from gapheal.app.wiring import project_of
from gapheal.model.pipeline import Pipeline
from gapheal.ports import Past


def past_of(pipeline: Pipeline, project: str | None = None) -> Past:
    """What the tables of `pipeline` held before, for a rollback; with the credentials of whoever asks.

    Raises:
        ConfigError: no project or no credentials.
    """
    from gapheal.bigquery import connect  # noqa: PLC0415 - Google's clients are slow to import
    from gapheal.warehouse.past import BigQueryPast  # noqa: PLC0415

    return BigQueryPast(pipeline, connect(pipeline.pipeline, project_of(pipeline, project), pipeline.location))
