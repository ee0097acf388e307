"""The whole pipeline on one machine: emulators, the functions, example workers and a ticker, all on loopback.

Nothing here is imported by a deployed function.
"""
