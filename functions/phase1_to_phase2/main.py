"""The function of phase1_to_phase2: its name goes in, `handle` comes out."""

from gapheal import app

handle = app.function("phase1_to_phase2", __file__)
