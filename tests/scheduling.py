"""Cloud Scheduler's API in the test process, as the real client speaks to it: there is no emulator."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import grpc
from google.cloud.scheduler_v1 import types

PAGE = 2
"""Jobs a page: a caller has to turn them."""
LAST, NEXT = datetime(2024, 7, 1, 15, tzinfo=UTC), datetime(2024, 7, 1, 16, tzinfo=UTC)


class Refused(Exception):
    """The answer is an error."""


class CloudScheduler:
    """Jobs by name; `refuses` has an error for every call, `runs` the jobs that were asked to run."""

    def __init__(self, parent: str) -> None:
        self.parent = parent
        self.jobs: dict[str, types.Job] = {}
        self.runs: list[str] = []
        self.refuses: tuple[grpc.StatusCode, str] | None = None
        self._server = grpc.server(ThreadPoolExecutor(4))
        self._server.add_generic_rpc_handlers([_Handlers(self)])
        self.address = f"127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"
        self._server.start()

    def stop(self) -> None:
        self._server.stop(0)

    def put(self, job_id: str, state: str = "ENABLED", code: int = 0) -> None:
        """A job that ran once, and is due again."""
        self.jobs[f"{self.parent}/jobs/{job_id}"] = types.Job(
            name=f"{self.parent}/jobs/{job_id}",
            schedule="0 * * * *",
            time_zone="America/New_York",
            state=types.Job.State[state],
            last_attempt_time=LAST,
            schedule_time=NEXT,
            status={"code": code},
            http_target={"uri": "https://heal.example.com"},
        )

    def list_jobs(self, request):
        if request.parent != self.parent:
            raise Refused(grpc.StatusCode.NOT_FOUND, f"Location '{request.parent}' is not a valid location.")
        start = int(request.page_token or 0)
        names = sorted(self.jobs)
        more = str(start + PAGE) if start + PAGE < len(names) else ""
        page = [self.jobs[name] for name in names[start : start + PAGE]]
        return types.ListJobsResponse(jobs=page, next_page_token=more)

    def pause_job(self, request):
        return self._turn(request.name, "ENABLED", "PAUSED")

    def resume_job(self, request):
        return self._turn(request.name, "PAUSED", "ENABLED")

    def run_job(self, request):
        self.runs.append(request.name.rpartition("/")[2])
        return self.jobs[request.name]

    def _turn(self, name, expected, state):
        """As the service: only what is enabled can be paused, only what is paused resumed."""
        job = self.jobs[name]
        if job.state.name != expected:
            raise Refused(grpc.StatusCode.FAILED_PRECONDITION, f"Job.state must be {expected}")
        job.state = types.Job.State[state]
        return job


METHODS = {
    "ListJobs": ("list_jobs", types.ListJobsRequest),
    "PauseJob": ("pause_job", types.PauseJobRequest),
    "ResumeJob": ("resume_job", types.ResumeJobRequest),
    "RunJob": ("run_job", types.RunJobRequest),
}


class _Handlers(grpc.GenericRpcHandler):
    def __init__(self, scheduler: CloudScheduler) -> None:
        self._scheduler = scheduler

    def service(self, details):
        name, kind = METHODS[details.method.rpartition("/")[2]]

        def answer(request, context):
            try:
                if self._scheduler.refuses:
                    raise Refused(*self._scheduler.refuses)  # noqa: TRY301
                return getattr(self._scheduler, name)(request)
            except Refused as refused:
                context.abort(*refused.args)

        return grpc.unary_unary_rpc_method_handler(
            answer,
            request_deserializer=kind.deserialize,
            response_serializer=lambda reply: type(reply).serialize(reply),
        )
