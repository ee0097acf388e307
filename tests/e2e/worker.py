"""The jobs of the small pipeline: copy the date from the phase before, announce it, log what was found."""

import argparse
import base64
import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock

from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery
from google.pubsub_v1 import PublisherClient

UPSTREAM = {"refined": "raw", "served": "refined"}
PROJECT = os.environ["GOOGLE_CLOUD_PROJECT"]
CALL = {"retry": None, "timeout": 30}
log, one_job = [], Lock()


class Worker(BaseHTTPRequestHandler):
    def do_GET(self):
        self._answer(json.dumps(log).encode())

    def do_POST(self):
        phase = self.path.strip("/")
        message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["message"]
        said = json.loads(base64.b64decode(message["data"]))
        with one_job:
            self._run(phase, said)
        self._answer(b"")

    def _run(self, phase, said):
        listed = ", ".join(f"DATE '{day}'" for day in said["dates"])
        query = f"SELECT day, COUNT(*) AS rows_found FROM d.{phase} WHERE day IN ({listed}) GROUP BY day"
        found = {str(row["day"]): row["rows_found"] for row in bq.query(query, **CALL).result(timeout=30)}
        log.append({"phase": phase, "dates": said["dates"], "found": found, "trigger_id": said["trigger_id"]})
        bq.query(
            "BEGIN TRANSACTION; "
            f"DELETE FROM d.{phase} WHERE day IN ({listed}); "
            f"INSERT INTO d.{phase} SELECT day, game FROM d.{UPSTREAM[phase]} WHERE day IN ({listed}); "
            "COMMIT TRANSACTION;",
            **CALL,
        ).result(timeout=30)
        event = json.dumps({"phase": phase, "dates": said["dates"]}).encode()
        topic = f"projects/{PROJECT}/topics/{phase}-complete"
        publisher.publish(request={"topic": topic, "messages": [{"data": event}]}, **CALL)

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
    bq = bigquery.Client(project=PROJECT, credentials=AnonymousCredentials())
    publisher = PublisherClient(credentials=AnonymousCredentials())
    ThreadingHTTPServer(("127.0.0.1", parser.parse_args().port), Worker).serve_forever()
