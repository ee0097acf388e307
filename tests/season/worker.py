"""The jobs of four phases: so many dates at a time, each takes its time; each tells what it was asked and found."""

import argparse
import base64
import json
import os
import time
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock

from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

PHASES = ("raw", "refined", "served", "predicted", "shown")
UPSTREAM = dict(zip(PHASES[1:], PHASES, strict=False))
SECONDS, AT_ONCE = float(os.environ.get("SEASON_SECONDS", "5")), int(os.environ.get("SEASON_AT_ONCE", "10"))
CALL = {"retry": None, "timeout": 120}
log, seen, one = [], set(), Lock()
jobs = {phase: ThreadPoolExecutor(AT_ONCE) for phase in UPSTREAM}


class Worker(BaseHTTPRequestHandler):
    def do_GET(self):
        self._answer(json.dumps(log).encode())

    def do_POST(self):
        phase = self.path.strip("/")
        message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["message"]
        said = json.loads(base64.b64decode(message["data"]))
        with one:
            is_new = said["trigger_id"] not in seen
            seen.add(said["trigger_id"])
        if is_new:
            jobs[phase].submit(self._run, phase, said["date"], said["trigger_id"])
        self._answer(b"")

    @staticmethod
    def _run(phase, day, trigger_id):
        began = time.time()
        counts = ", ".join(f"(SELECT COUNT(*) FROM d.{each} WHERE day = '{day}')" for each in (UPSTREAM[phase], "raw"))
        ((found, whole),) = (tuple(row.values()) for row in bq.query(f"SELECT {counts}", **CALL).result(timeout=120))
        time.sleep(SECONDS)
        bq.query(
            f"BEGIN TRANSACTION; DELETE FROM d.{phase} WHERE day = '{day}'; "
            f"INSERT INTO d.{phase} SELECT day, game FROM d.{UPSTREAM[phase]} WHERE day = '{day}'; COMMIT TRANSACTION;",
            **CALL,
        ).result(timeout=120)
        asked = {"phase": phase, "date": day, "trigger_id": trigger_id}
        log.append({**asked, "found": found, "whole": whole, "began": began, "took": time.time() - began})

    def _answer(self, body):
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Say nothing."""


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    bq = bigquery.Client(project=os.environ["GOOGLE_CLOUD_PROJECT"], credentials=AnonymousCredentials())
    ThreadingHTTPServer(("127.0.0.1", parser.parse_args().port), Worker).serve_forever()
