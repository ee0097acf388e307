"""A deployment as Terraform makes it, without BigQuery: topics, subscriptions, jobs and functions, each to be broken.

The real clients ask real servers in this process: they know what no emulator does (dead letters, identities, roles).
"""

from __future__ import annotations

import json
import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import grpc
from google.cloud.scheduler_v1 import types as scheduled
from google.iam.v1 import iam_policy_pb2
from google.pubsub_v1 import types
from tests.scheduling import LAST, NEXT, CloudScheduler

from gapheal.local.broker import Broker, Queue, Refused

PROJECT = "gapheal-test"
PARENT = f"projects/{PROJECT}/locations/us-west2"
PUSH = "small-push@gapheal-test.iam.gserviceaccount.com"


class PubSub(Broker):
    """The embedded broker, with subscriptions as the service keeps them, roles, and refusals."""

    def __init__(self) -> None:
        super().__init__()
        self.refuses: dict[str, grpc.StatusCode] = {}
        """Errors by topic or subscription, by its short name."""
        self.may_not_publish: set[str] = set()
        self.permissions_asked = 0
        handler = grpc.unary_unary_rpc_method_handler(
            self._test_iam_permissions,
            request_deserializer=iam_policy_pb2.TestIamPermissionsRequest.FromString,
            response_serializer=lambda reply: reply.SerializeToString(),
        )
        service = grpc.method_handlers_generic_handler("google.iam.v1.IAMPolicy", {"TestIamPermissions": handler})
        self._server.add_generic_rpc_handlers([service])

    def topic(self, name: str) -> None:
        path = f"projects/{PROJECT}/topics/{name}"
        self._topics[path] = types.Topic.pb()(name=path)

    def drop(self, name: str) -> None:
        for things in (self._topics, self._queues):
            for path in [path for path in things if path.endswith(f"/{name}")]:
                del things[path]

    def subscribe(self, name: str, topic: str, **keys) -> None:
        """One as the service keeps it; `keys` in the place of what Terraform says."""
        spec = {
            "name": f"projects/{PROJECT}/subscriptions/{name}",
            "topic": f"projects/{PROJECT}/topics/{topic}",
            "ack_deadline_seconds": 600,
            "expiration_policy": {},
            **keys,
        }
        subscription = types.Subscription(spec)
        self._queues[subscription.name] = Queue(types.Subscription.pb(subscription))

    def _list_topic_subscriptions(self, request):
        self._perhaps_refuse(request.topic)
        return super()._list_topic_subscriptions(request)

    def _get_subscription(self, request):
        self._perhaps_refuse(request.subscription)
        return super()._get_subscription(request)

    def _create_topic(self, topic):
        self._perhaps_refuse("create")
        return super()._create_topic(topic)

    def _delete_topic(self, request):
        self._perhaps_refuse("delete")
        return super()._delete_topic(request)

    def _perhaps_refuse(self, path):
        if code := self.refuses.get(path.rpartition("/")[2]):
            raise Refused(code, f"{path}: refused")

    def _test_iam_permissions(self, request, context):
        del context
        self.permissions_asked += 1
        may = request.resource.rpartition("/")[2] not in self.may_not_publish
        return iam_policy_pb2.TestIamPermissionsResponse(permissions=list(request.permissions) if may else [])


class Functions:
    """What stands behind the URLs: an answer by path."""

    def __init__(self) -> None:
        self.answers: dict[str, tuple[int, object]] = {}
        self.asked: list[dict[str, str]] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _handler(functions) -> type[BaseHTTPRequestHandler]:  # noqa: N805 - `self` is the handler below
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                functions.asked.append(dict(self.headers))
                status, body = functions.answers[self.path]
                self.send_response(status)
                self.end_headers()
                self.wfile.write(body if isinstance(body, bytes) else json.dumps(body).encode())

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        return Handler


class Cloud:
    """Everything of one deployment of `pipeline`, whole."""

    def __init__(self, pipeline) -> None:
        self.pipeline = pipeline
        self.pubsub, self.scheduler, self.functions = PubSub(), CloudScheduler(PARENT), Functions()
        for phase in pipeline.phases.values():
            self.pubsub.topic(phase.completion_topic)
        for name, step in pipeline.transitions.items():
            self.pubsub.topic(step.trigger.pubsub.topic)
            self.pubsub.subscribe(f"job-of-{name}", step.trigger.pubsub.topic)
            self.pubsub.topic(f"{self.dashed(name)}-dead")
            self.pubsub.subscribe(f"{self.dashed(name)}-dead", f"{self.dashed(name)}-dead")
            for phase in (*step.upstream, step.downstream):
                self.event(name, phase)
            for kind in ("scan", "sweep"):
                self.job(name, kind)
            self.functions.answers[f"/{name}"] = 200, {"transition": name, "mode": step.policy.mode}

    def __enter__(self):
        self.pubsub.__enter__()
        return self

    def __exit__(self, *_):
        self.pubsub.__exit__()
        self.scheduler.stop()
        self.functions.stop()

    def dashed(self, transition: str) -> str:
        return f"{self.pipeline.pipeline}-{transition.replace('_', '-')}"

    def url(self, transition: str) -> str:
        return f"{self.functions.url}/{transition}"

    def event(self, transition: str, phase: str, *, push=None, **keys) -> None:
        """The subscription by which a transition hears a phase."""
        dead = f"projects/{PROJECT}/topics/{self.dashed(transition)}-dead"
        identity = {"push_endpoint": self.url(transition), "oidc_token": {"service_account_email": PUSH}}
        told = {
            "push_config": identity if push is None else push,
            "dead_letter_policy": {"dead_letter_topic": dead, "max_delivery_attempts": 20},
            **keys,
        }
        topic = self.pipeline.phases[phase].completion_topic
        self.pubsub.subscribe(f"{self.dashed(transition)}-on-{phase}", topic, **told)

    def job(self, transition: str, kind: str, *, name: str | None = None, target=None, **keys) -> None:
        body = {"scan_for_gaps": True} | ({"sweep": True} if kind == "sweep" else {})
        path = f"{PARENT}/jobs/{name or f'{self.dashed(transition)}-{kind}'}"
        self.scheduler.jobs[path] = scheduled.Job(
            {
                "name": path,
                "schedule": "5 * * * *",
                "time_zone": "America/New_York",
                "state": "ENABLED",
                "last_attempt_time": LAST,
                "schedule_time": NEXT,
                "http_target": {
                    "uri": self.url(transition),
                    "http_method": "POST",
                    "body": json.dumps(body).encode(),
                    **(target or {}),
                },
                **keys,
            }
        )

    def no_job(self, transition: str, kind: str) -> None:
        del self.scheduler.jobs[f"{PARENT}/jobs/{self.dashed(transition)}-{kind}"]


AGO = LAST - timedelta(days=9)
