"""Whether alerts have somewhere to go. Their URLs are secrets: only that they are there is told."""

from __future__ import annotations

from collections.abc import Iterator

from gapheal.doctor.check import Check, Group
from gapheal.doctor.world import World

group = Group("alerts")


def checks(world: World) -> Iterator[Check]:
    """The variables that the file names, in the environment of this command."""
    named = world.pipeline.alerts
    for variable, whom in ((named.urls_env, "what people should read"), (named.pages_env, "what should wake somebody")):
        value = world.environment.get(variable)
        if value is None:
            yield _absent(world, variable, whom)
        elif "://" not in value:
            yield group.fail(
                "url",
                variable,
                f"expected URLs in {variable}, found none",
                f"write scheme://… into {variable}",
            )
        else:
            yield group.ok("url", variable, "is set here (not shown)")


def _absent(world: World, variable: str, whom: str) -> Check:
    if world.local:
        return group.skipped("url", variable, f"not set: {whom} is sent nowhere from this machine")
    return group.warn(
        "url",
        variable,
        f"{variable} is not set in this environment; the functions have their own, which cannot be seen from here",
        f'secrets = {{ {variable} = {{ secret = "…", version = "1" }} }} (Terraform); set it here to have it checked',
    )
