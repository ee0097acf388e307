"""Names in Pub/Sub."""

from __future__ import annotations


def topic_path(project: str, topic: str) -> str:
    """A topic's full name; one that is full already stays as it is."""
    return topic if "/" in topic else f"projects/{project}/topics/{topic}"
