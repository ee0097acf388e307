"""What must occur in every ten seeds, and how often it did."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

BLOCK = 10
KINDS: Mapping[str, tuple[str, ...]] = {
    "missing": ("missing",),
    "partial": ("partial",),
    "just whole": ("just_whole",),
    "one table of five": ("one_of_five",),
    "one table of several": ("one_of_n",),
    "optional table": ("optional",),
    "stale by last write": ("stale_heal", "stale_report", "stale_ignore", "late_edit_heal", "late_edit_report"),
    "stale by changed rows": ("changed_heal", "changed_report"),
    "stale: heal": ("stale_heal", "late_edit_heal", "changed_heal"),
    "stale: report": ("stale_report", "late_edit_report", "changed_report"),
    "stale: ignore": ("stale_ignore", "late_edit_ignore", "changed_ignore"),
    "later, but not too late": ("fresh_enough",),
    "re-run wrote nothing": ("idle",),
    "job never writes": ("dead",),
    "late fill": ("late",),
    "too old": ("held",),
    "hidden by a warm-up": ("hidden",),
    "season warm-up": ("warm_up",),
    "one table's warm-up": ("own_warm_up",),
    "all-star": ("all_star",),
    "live date": ("live",),
    "retention": ("retention_up", "retention_down"),
    "off-season": ("off_season",),
    "exhibition": ("exhibition",),
    "retired table": ("retired",),
    "day of 23 or 25 hours": ("dst",),
    "00:00 to 05:00 UTC": ("after_midnight_utc",),
    "another day than in UTC": ("another_day_in_utc",),
    "lookback": ("lookback",),
    "depends on past": ("depends",),
    "settling": ("settling",),
    "several upstreams": ("several",),
    "one upstream excused": ("several_excused",),
    "source gap": ("source_gap",),
    "accepted": ("accepted", "accepted_source"),
}
"""By what people call it, the kinds of the planter."""


def per_block(counts: Mapping[int, Counter[str]]) -> dict[str, list[int]]:
    """How often each kind was planted in each ten seeds.

    Args:
        counts: the planter's kinds by seed.
    """
    blocks = sorted({seed // BLOCK for seed in counts})
    return {
        name: [sum(_in(counts, block)[kind] for kind in kinds) for block in blocks] for name, kinds in KINDS.items()
    }


def table(counts: Mapping[int, Counter[str]]) -> Iterator[str]:
    """The counts as lines: a kind, all seeds together, and each ten."""
    for name, blocks in per_block(counts).items():
        yield f"{name:24}{sum(blocks):6}  {' '.join(f'{count:3}' for count in blocks)}"


def absent(counts: Mapping[int, Counter[str]]) -> list[str]:
    """A sentence for each kind that some whole ten lacks."""
    whole = {seed // BLOCK for seed in counts if all(seed // BLOCK * BLOCK + n in counts for n in range(BLOCK))}
    return [
        f"no {name} in the seeds {block * BLOCK} to {block * BLOCK + BLOCK - 1}"
        for name, kinds in KINDS.items()
        for block in sorted(whole)
        if not any(_in(counts, block)[kind] for kind in kinds)
    ]


def _in(counts: Mapping[int, Counter[str]], block: int) -> Counter[str]:
    return sum((found for seed, found in counts.items() if seed // BLOCK == block), Counter[str]())
