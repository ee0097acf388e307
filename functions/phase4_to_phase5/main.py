"""The function of phase4_to_phase5: its name goes in, `handle` comes out."""

from gapheal import app

handle = app.function("phase4_to_phase5", __file__)
