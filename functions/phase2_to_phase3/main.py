"""The function of phase2_to_phase3: its name goes in, `handle` comes out."""

from gapheal import app

handle = app.function("phase2_to_phase3", __file__)
