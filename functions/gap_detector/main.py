"""The detector: a daily sweep of every transition, the healer's own health, one digest; its pages show all of it."""

from gapheal import app

handle = app.detector(__file__, pages="gapheal.dashboard")
