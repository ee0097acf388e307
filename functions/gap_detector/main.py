"""The detector: a daily sweep of every transition, the healer's own health, one digest."""

from gapheal import app

handle = app.detector(__file__)
