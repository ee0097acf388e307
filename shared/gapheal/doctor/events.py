"""Topics and who listens: each transition hears its phases, and somebody hears its triggers."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from gapheal.doctor.check import Check, Group
from gapheal.doctor.topics import Subscription
from gapheal.doctor.world import World, names
from gapheal.errors import GaphealError
from gapheal.model.pipeline import PubSubTarget

events, triggers = Group("events"), Group("triggers")
ROLE = "roles/pubsub.viewer"
LONGEST_ANSWER = 540
"""Seconds that a function may take; who waits less sends the event again meanwhile."""


def heard(world: World) -> Iterator[Check]:
    """The subscriptions by which transitions hear of finished dates."""
    phases: list[str] = []
    for transition, step in world.pipeline.transitions.items():
        phases += (*step.upstream, step.downstream)
        for topic, phase in world.pipeline.hears(transition).items():
            about = f"{transition}/{phase}"
            yield from events.look("topic", about, ROLE, partial(_heard, world, transition, phase, topic))
    for phase in dict.fromkeys(each for each in phases if world.pipeline.phases[each].completion_topic is None):
        yield events.skipped("topic", phase, "announces nothing (no completion_topic): scans find its dates")


def asked(world: World) -> Iterator[Check]:
    """The targets of triggers."""
    for transition, step in world.pipeline.transitions.items():
        if step.trigger.pubsub:
            yield from triggers.look(
                "topic", transition, ROLE, partial(_target, world, transition, step.trigger.pubsub)
            )
        else:
            yield triggers.skipped(
                "url", transition, "not called: a call would start a job; `deliveries` has its last answer"
            )


def _heard(world: World, transition: str, phase: str, topic: str) -> Iterator[Check]:
    about, resource = f"{transition}/{phase}", f'google_pubsub_subscription.event["{transition}/{phase}"]'
    own = [each for each in world.topics.subscriptions(topic) if _is_own(world, transition, phase, each)]
    if not own:
        yield events.fail(
            "subscription",
            about,
            f"expected a push subscription of {transition} to {topic}, found none: it hears of no date of {phase}, "
            "and finds it by the next scan",
            f"make plan, make deploy ({resource})",
        )
    for each in own:
        wrong = [*_ways(world, transition, about, each, resource), *_patience(world, about, each, resource)]
        yield from wrong or [events.ok("subscription", about, _told(each))]


def _is_own(world: World, transition: str, phase: str, each: Subscription) -> bool:
    url = world.url(transition)
    return each.name in names(world.pipeline.pipeline, transition, phase) or bool(url and each.endpoint == url)


def _told(each: Subscription) -> str:
    who = f" as {each.account}" if each.account else ""
    dead = f"; what nobody takes goes to {each.dead_topic.rpartition('/')[2]}" if each.dead_topic else ""
    return f"{each.name} pushes to {each.endpoint}{who}{dead}"


def _ways(world: World, transition: str, about: str, each: Subscription, resource: str) -> Iterator[Check]:
    """Where it leads to, and as whom."""
    mend, url = f"make plan, make deploy ({resource})", world.url(transition)
    if each.detached:
        yield events.fail("subscription detached", about, f"{each.name} is detached: nothing reaches it", mend)
    if not each.endpoint:
        yield events.fail(
            "push endpoint",
            about,
            f"expected {each.name} to push to {url or 'the function'}, found it waits to be pulled",
            mend,
        )
    elif url and each.endpoint.rstrip("/") != url.rstrip("/"):
        yield events.fail(
            "push endpoint",
            about,
            f"expected {each.name} to push to {url}, where scans go, found {each.endpoint}",
            mend,
        )
    if each.endpoint and not each.account and not world.local:
        yield events.fail(
            "push identity",
            about,
            f"expected {each.name} to push with an identity (OIDC), found none: the function refuses it",
            mend,
        )


def _patience(world: World, about: str, each: Subscription, resource: str) -> Iterator[Check]:
    """How long it waits, and what becomes of what nobody takes. The local stack's are made for minutes."""
    if world.local:
        return
    if each.ack_seconds < LONGEST_ANSWER:
        yield events.warn(
            "ack deadline",
            about,
            f"expected {each.name} to wait {LONGEST_ANSWER} s for an answer, found {each.ack_seconds} s: an event "
            "whose pass takes longer comes again meanwhile",
            f"ack_deadline_seconds = 600 ({resource})",
        )
    if each.expires_after:
        yield events.fail(
            "subscription expiry",
            about,
            f"expected {each.name} never to expire, found that it is deleted after {each.expires_after.days} quiet "
            "days: an off-season is longer",
            f'expiration_policy {{ ttl = "" }} ({resource})',
        )
    if each.dead_topic is None:
        yield events.warn(
            "dead letters",
            about,
            f"{each.name} has no dead-letter topic: an event that cannot be taken comes again and again",
            f"dead_letter_policy ({resource})",
        )
    else:
        yield from _dead(world, about, each.dead_topic)


def _dead(world: World, about: str, topic: str) -> Iterator[Check]:
    try:
        readers = world.topics.listeners(topic)
    except GaphealError as error:
        yield events.error("dead letters", about, error, ROLE)
        return
    if not readers:
        yield events.fail(
            "dead letters",
            about,
            f"expected a reader of the dead-letter topic {topic}, found no subscription: what is sent there is lost",
            f'make plan, make deploy (google_pubsub_subscription.dead["{about.partition("/")[0]}"])',
        )


def _target(world: World, transition: str, target: PubSubTarget) -> Iterator[Check]:
    listeners, mode = world.topics.listeners(target.topic), world.pipeline.transitions[transition].policy.mode
    if not listeners:
        told = f"topic {target.topic} has no subscription: publishing succeeds and nobody hears it"
        mend = "subscribe the job to it, or name the topic that it listens to"
        if mode == "heal":
            yield triggers.fail("listener", transition, told, mend)
        else:
            yield triggers.warn("listener", transition, f"{told} (mode {mode} sends nothing yet)", mend)
        return
    yield triggers.ok(
        "listener", transition, f"topic {target.topic} has {len(listeners)} subscription{'s' * (len(listeners) > 1)}"
    )
    if world.local:
        return
    if world.topics.may_publish(target.topic):
        yield triggers.ok("access", transition, f"this account may publish to {target.topic}")
    else:
        yield triggers.warn(
            "access",
            transition,
            f"expected pubsub.topics.publish on {target.topic} for the account that asks, found it has not: scans and "
            "backfills from here cannot send; the functions have an account of their own, see `deliveries`",
            "grant roles/pubsub.publisher on the topic",
        )
