"""The function of phase3_to_phase4: its name goes in, `handle` comes out."""

from gapheal import app

handle = app.function("phase3_to_phase4", __file__)
