"""The function of phase5_to_grading: its name goes in, `handle` comes out."""

from gapheal import app

handle = app.function("phase5_to_grading", __file__)
