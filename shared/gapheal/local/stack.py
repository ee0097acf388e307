"""The whole pipeline on this machine, from emulators to ticker, for as long as a `with` block lasts."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from gapheal import spec
from gapheal.errors import GaphealError
from gapheal.local import bqemulator, functions, pubsub, workers
from gapheal.local.calls import Reply, call
from gapheal.local.nearby import calls_urls, write_nearby
from gapheal.local.ports import Ports
from gapheal.local.processes import Child, Say, Supervisor
from gapheal.local.ticker import Ticker
from gapheal.model.pipeline import DETECTOR
from gapheal.scaffold import write_function

REPLY_SECONDS = 300.0
"""How long a pass may take here, where one engine serves everybody."""


class Stack:
    """Emulators, functions, workers and a ticker of one pipeline; all ends with the block, whatever ends it.

    Args:
        pipeline_path: the pipeline file.
        workers: a script that serves as every phase's job: `python <workers> --port N` answers `GET /` once it is
            ready, and `POST /<downstream phase>` gets that phase's triggers: those of topics, and in the functions'
            copy of the file those of URLs. None: nobody listens to the triggers.
        broker: which Pub/Sub; `auto` takes the official emulator where it is installed.
        project: the Google Cloud project, unless the file names one.
        functions_dir: a folder with `<transition>/main.py`; what it lacks is written from the template.
        seed: fills BigQuery, while the functions start.
        tick_seconds: how often Cloud Scheduler's stand-in asks for a scan; None: never.
        run_dir: where logs and written functions stay; None: a temporary folder, kept only after a failure.
        first_port: the first of a row of ports; 0: free ones.
        detector: whether the gap_detector runs, too; with a ticker it sweeps every 24 ticks.
        say: takes a line of progress.
    """

    def __init__(
        self,
        pipeline_path: Path | str,
        *,
        workers: Path | str | None = None,
        broker: pubsub.Kind = "auto",
        project: str = "gapheal-local",
        functions_dir: Path | str | None = None,
        seed: Callable[[Stack], object] | None = None,
        tick_seconds: float | None = None,
        run_dir: Path | str | None = None,
        first_port: int = 0,
        detector: bool = False,
        say: Say = lambda _: None,
    ) -> None:
        self.pipeline_path = Path(pipeline_path).resolve()
        self.pipeline = spec.load(self.pipeline_path)
        self.project = self.pipeline.project or project
        self.function_urls: dict[str, str] = {}
        self.detector_url: str | None = None
        self.workers_url: str | None = None
        self._file = self.pipeline_path
        self._workers = _resolved(workers)
        self._broker = broker
        self._functions_dir = _resolved(functions_dir)
        self._seed = seed
        self._tick_seconds = tick_seconds
        self._detector = detector
        self._run_dir = _resolved(run_dir)
        self._ports = Ports(first_port)
        self._say = say
        self._processes: Counter[str] = Counter()

    def __enter__(self) -> Self:
        with ExitStack() as undo:
            self.run_dir = undo.enter_context(_run_directory(self._run_dir, self._say))
            self.supervisor = undo.enter_context(Supervisor(self.run_dir, self._say))
            self._start()
            if self._tick_seconds:
                daily = {DETECTOR: self.detector_url} if self.detector_url else {}
                zone = self.pipeline.zone
                undo.enter_context(Ticker(self.function_urls, self._tick_seconds, zone, self._say, daily))
            self._undo = undo.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        return self._undo.__exit__(kind, error, trace)

    def env(self) -> dict[str, str]:
        """The environment in which Google's clients, and gapheal's commands, meet this stack."""
        return {
            "BIGQUERY_EMULATOR_HOST": self.bigquery_host,
            "PUBSUB_EMULATOR_HOST": self.pubsub_host,
            "GOOGLE_CLOUD_PROJECT": self.project,
            "GAPHEAL_PIPELINE": str(self._file),
        }

    def post(self, transition: str, body: Any, headers: Mapping[str, str] | None = None) -> Reply:
        """POST `body` as JSON to a transition's function, or the detector's."""
        data = json.dumps(body, default=str).encode()
        sent = {"Content-Type": "application/json", **(headers or {})}
        url = self.detector_url if transition == DETECTOR and self.detector_url else self.function_urls[transition]
        return call("POST", url, data, sent, timeout=REPLY_SECONDS)

    def scan(self, transition: str, **options: Any) -> dict[str, Any]:
        """Ask for a scan (options as in the request: `start_date`, `end_date`, `dry_run`, `sweep`): the pass report.

        Raises:
            GaphealError: the function answered with anything but 200.
        """
        return self._asked(transition, **options)

    def sweep(self, **options: Any) -> dict[str, Any]:
        """Ask the detector for a sweep (option `dry_run`): its answer.

        Raises:
            GaphealError: it answered with anything but 200.
        """
        return self._asked(DETECTOR, sweep=True, **options)

    def _asked(self, transition: str, **options: Any) -> dict[str, Any]:
        reply = self.post(transition, {"scan_for_gaps": True, **options})
        if reply.status != 200:  # noqa: PLR2004
            found = reply.body.decode(errors="replace")
            raise GaphealError(f"a scan of {transition} was to answer 200, and answered {reply.status}: {found}")
        report: dict[str, Any] = json.loads(reply.body)
        return report

    def start_copies(self, transition: str, count: int) -> list[str]:
        """Start so many further processes of a function, as the cloud does under load; their URLs."""
        copies = [self._start_function(transition) for _ in range(count)]
        self.supervisor.wait_until_ready(*copies)
        return [copy.address for copy in copies]

    def _start(self) -> None:
        """Start everything at once; use what is ready while the rest still loads."""
        bigquery = bqemulator.start(self.supervisor, self._ports)
        broker = pubsub.start(self.supervisor, self._ports, self._broker)
        self.bigquery_host, self.pubsub_host = bigquery.address, broker.address
        if self._workers:
            self.workers_url = workers.start(self.supervisor, self._ports, self._workers, self.env()).address
            if calls_urls(self.pipeline):
                self._file = write_nearby(self.pipeline, self.workers_url, self.run_dir)
        self.function_urls = {name: self._start_function(name).address for name in self.pipeline.transitions}
        if self._detector:
            self.detector_url = self._start_function(DETECTOR).address
        # Google's Pub/Sub client takes half a second to import: by now there is something to wait for.
        from gapheal.local import wiring  # noqa: PLC0415

        self.supervisor.wait_until_ready(broker)
        with wiring.clients(self.pubsub_host) as clients:
            wiring.wire(self.pipeline, self.project, clients, self.function_urls, self.workers_url)
        self.supervisor.wait_until_ready(bigquery)
        if self._seed:
            self._seed(self)
        self.supervisor.wait_until_ready()

    def _start_function(self, transition: str) -> Child:
        self._processes[transition] += 1
        name = f"{transition}-{self._processes[transition]}".removesuffix("-1")
        return functions.start(self.supervisor, self._ports, name, self._source(transition), self.env())

    def _source(self, transition: str) -> Path:
        if self._functions_dir and (own := self._functions_dir / transition / "main.py").exists():
            return own
        return write_function(self.run_dir / "functions", transition)


def _resolved(path: Path | str | None) -> Path | None:
    return Path(path).resolve() if path else None


@contextmanager
def _run_directory(path: Path | None, say: Say) -> Iterator[Path]:
    """`path`, which stays; or a temporary folder, which stays only if something failed: its logs are needed then."""
    if path:
        yield path
        return
    temporary = Path(tempfile.mkdtemp(prefix="gapheal-"))
    try:
        yield temporary
    except Exception:
        say(f"the logs stay in {temporary}")
        raise
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    shutil.rmtree(temporary, ignore_errors=True)
