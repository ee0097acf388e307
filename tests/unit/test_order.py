"""The order of transitions: what feeds comes before what is fed."""

import pytest

from gapheal.model.order import in_order
from gapheal.spec import parse

HEAD = """
version: 1
pipeline: branched
location: us-west2
timezone: UTC
defaults: {date_column: day}
phases: {a: [d.a], b: [d.b], c: [d.c], x: [d.x], y: [d.y]}
transitions:
"""


def piped(*names):
    return parse(HEAD + "".join(f"  {name}: {{}}\n" for name in names))


@pytest.mark.parametrize(
    ("written", "ordered"),
    [
        (("a_to_b", "b_to_c", "x_to_y"), ("a_to_b", "b_to_c", "x_to_y")),
        (("b_to_c", "x_to_y", "a_to_b"), ("a_to_b", "b_to_c", "x_to_y")),
        (("x_to_y", "b_to_c", "a_to_b"), ("x_to_y", "a_to_b", "b_to_c")),
    ],
)
def test_what_feeds_comes_first_and_all_else_stays_as_the_file_has_it(written, ordered):
    assert in_order(piped(*written)) == ordered


def test_what_is_fed_over_two_steps_comes_after_even_where_the_step_between_was_not_named():
    pipeline = piped("c_to_x", "b_to_c", "a_to_b")

    assert in_order(pipeline, ["c_to_x", "a_to_b"]) == ("a_to_b", "c_to_x")
