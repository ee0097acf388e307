"""`gapheal doctor --canary`: the first minute on a real cloud.

What it creates it names beforehand and deletes again, also after a failure: one claim, one scratch topic.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from secrets import randbelow, token_hex
from typing import TypeVar

from google.api_core import exceptions as google

from gapheal.bigquery import CALL_SECONDS, RETRY, translated
from gapheal.claims import BigQueryClaims
from gapheal.doctor import rehearsal
from gapheal.doctor.check import Check, hidden
from gapheal.doctor.rehearsal import group
from gapheal.doctor.world import World
from gapheal.errors import ConfigError, GaphealError
from gapheal.model.moments import second
from gapheal.model.passes import Claim, Lost, Message, Won
from gapheal.model.pipeline import PubSubTarget, Trigger
from gapheal.publisher import PubSubPublisher

T = TypeVar("T")

NEVER_JUDGED = date(9999, 12, 31)
"""No date of a table is: those end in 2159."""
CLAIM_ROLE, TOPIC_ROLE = "roles/bigquery.dataEditor on the claims dataset", "roles/pubsub.editor on the project"


class Canary:
    """One run; what it creates has names that nothing else can have."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._transition = next(iter(world.pipeline.transitions))
        self._n = 10**9 + randbelow(10**9)
        dataset = f"{world.connection.project}.{world.pipeline.claims_dataset}"
        self.claim = f"{dataset}.claim_{self._transition}_{NEVER_JUDGED:%Y%m%d}_{self._n}"
        self._made: set[str] = set()
        self.topic = f"{world.pipeline.pipeline}-canary-{token_hex(6)}"

    @property
    def creates(self) -> list[str]:
        """What it will create, use and delete, a sentence each."""
        return [
            f"creates, reads and deletes one claim, the empty table {self.claim}",
            f"creates the topic {self._world.topics.path(self.topic)}, publishes one message to it, and deletes it",
            "has every statement checked by a dry run, which runs nothing",
        ]

    def run(self) -> Iterator[Check]:
        """All of it, piece by piece: what fails stops nothing else."""
        yield from group.look("statements", "all", rehearsal.ROLE, lambda: rehearsal.checks(self._world))
        project, dataset, table = self.claim.rsplit(".", 2)
        mend = f"bq rm -f -t {project}:{dataset}.{table}"  # the one form that every release of bq takes
        yield from self._then_gone("claim", CLAIM_ROLE, self._claimed, self._unclaim, mend)
        path = self._world.topics.path(self.topic)
        mend = f"gcloud pubsub topics delete {path}"
        yield from self._then_gone("topic", TOPIC_ROLE, self._published, self._untopic, mend)
        paid = "one empty table and one topic, both free; one message of less than 1 KB; dry runs are free"
        yield group.ok("paid", "this canary", paid)

    def _then_gone(
        self, name: str, role: str, checks: Callable[[], Iterator[Check]], clean: Callable[[], None], mend: str
    ) -> Iterator[Check]:
        """The checks, and then, whatever came of them, the deletion of what may have been created."""
        left: list[Check] = []
        try:
            yield from group.look(name, name, role, checks)
        finally:
            if name in self._made:
                left = list(self._cleaned(name, clean, mend))
        yield from left

    def _cleaned(self, name: str, clean: Callable[[], None], mend: str) -> Iterator[Check]:
        try:
            clean()
        except GaphealError as error:
            yield group.fail(f"{name} left", name, f"it could not be deleted: {error}", mend)

    def _make(self, name: str, create: Callable[[], T]) -> T:
        """Create something, and remember that it may be there: also where no answer came."""
        self._made.add(name)
        try:
            return create()
        except GaphealError as error:
            # "It is there already" is what the second try of a request is told whose first reply was lost: it is ours.
            refused = hidden(error) or isinstance(error, ConfigError)
            if refused and not isinstance(error.__cause__, google.Conflict):
                self._made.discard(name)
            raise

    def _claimed(self) -> Iterator[Check]:
        claims = BigQueryClaims(self._world.pipeline, self._world.connection)

        def claim() -> Claim:
            return claims.acquire(self._transition, NEVER_JUDGED, self._n, "canary")

        first, again = self._make("claim", claim), claim()
        if isinstance(first, Won) and isinstance(again, Lost) and again.created_at == first.created_at:
            when = second(first.created_at)
            yield group.ok("claim", "claim", f"{self.claim}: created {when}, refused a second time, read back, deleted")
        else:
            found = f"{type(first).__name__}, then {type(again).__name__}"
            yield group.fail("claim", "claim", f"expected Won, then Lost with the same moment, found {found}")

    def _unclaim(self) -> None:
        client = self._world.connection.client
        with translated(f"deleting {self.claim}"):
            client.delete_table(self.claim, not_found_ok=True, retry=RETRY, timeout=CALL_SECONDS)

    def _published(self) -> Iterator[Check]:
        path = self._world.topics.path(self.topic)
        self._make("topic", lambda: self._world.topics.create(self.topic))
        message = Message("canary", (), b'{"canary": true}', {"pipeline": self._world.pipeline.pipeline})
        target = Trigger(pubsub=PubSubTarget(topic=path))
        (delivery,) = PubSubPublisher(self._world.connection.project).publish(target, [message])
        if delivery.outcome == "published":
            yield group.ok("topic", "topic", f"{path}: created, message {delivery.message_id} published, deleted")
        else:
            found = f"{delivery.outcome}: {delivery.error}"
            yield group.fail("topic", "topic", f"expected the message to be published, found {found}")

    def _untopic(self) -> None:
        self._world.topics.delete(self.topic)
