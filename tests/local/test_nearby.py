"""On this machine what goes to a URL goes to the local workers."""

from __future__ import annotations

from gapheal import spec
from gapheal.local.nearby import calls_urls, write_nearby

PIPELINE = """\
version: 1
pipeline: nba-props
location: us-west2
timezone: America/New_York
defaults: {date_column: game_date}
phases:
  phase2: [d.two]
  phase3: [d.three]
  phase4: [d.four]
transitions:
  phase2_to_phase3: {}
  phase3_to_phase4:
    trigger: {http: {url: "https://far.example.com/start", audience: far, busy: [409]}}
"""
WORKERS = "http://127.0.0.1:8090"


def test_a_url_leads_to_the_workers_without_a_token_and_all_else_stays(tmp_path):
    pipeline = spec.parse(PIPELINE)

    near = spec.load(write_nearby(pipeline, WORKERS, tmp_path))

    http, far = near.transitions["phase3_to_phase4"].trigger.http, pipeline.transitions["phase3_to_phase4"].trigger.http
    assert http is not None
    assert far is not None
    assert (http.url, http.audience) == (f"{WORKERS}/phase4", None)
    assert http.model_dump(exclude={"url", "audience"}) == far.model_dump(exclude={"url", "audience"})
    assert near.transitions["phase2_to_phase3"] == pipeline.transitions["phase2_to_phase3"]
    assert near.model_dump(exclude={"transitions"}) == pipeline.model_dump(exclude={"transitions"})


def test_a_pipeline_of_topics_alone_needs_no_copy():
    assert calls_urls(spec.parse(PIPELINE))
    assert not calls_urls(spec.parse(PIPELINE.partition("    trigger")[0].rstrip() + " {}\n"))
