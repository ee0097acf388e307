"""The function of phase5_to_phase6: its name goes in, `handle` comes out."""

from gapheal import app

handle = app.function("phase5_to_phase6", __file__)
