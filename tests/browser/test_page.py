"""The dashboard in a real browser: what it shows, by mouse and by keyboard, on screen, on paper and in the dark."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
from playwright.sync_api import expect

from gapheal.dashboard import gather

STALLED = "c2-{}"
"""The cell of phase3_to_phase4, by the day's offset."""


@pytest.fixture
def page(opened, url):
    return opened(url)


@pytest.fixture(scope="module")
def figures(scene):
    return gather(scene.app)


def cell(page, transition, day):
    """The cell of a date, found by what the page itself knows."""
    first = date.fromisoformat(page.evaluate("JSON.parse(document.getElementById('data').textContent).first"))
    names = page.evaluate("JSON.parse(document.getElementById('data').textContent).transitions.map(t => t.transition)")
    return page.locator(f"#c{names.index(transition)}-{(date.fromisoformat(day) - first).days}")


def focused(page):
    """What a screen reader says of the cell with the focus."""
    return page.evaluate("document.activeElement.getAttribute('aria-label')")


def test_the_first_look_says_what_waits_for_a_person_and_how_each_transition_stands(page, figures):
    rows = page.locator(".stands tbody tr")

    expect(page.locator("#overview-title")).to_have_text("19 dates wait for a person")
    assert rows.count() == len(figures.overview)
    for row, told in zip(rows.all(), figures.overview, strict=True):
        text = row.inner_text()
        assert told["transition"] in text
        assert str(told["standings"]["needs a person"]) in text
        assert "scan 24 min ago" in text
    assert "in 23 min" in rows.nth(1).inner_text()
    assert "slow start" in rows.nth(0).inner_text()


def test_the_first_look_counts_what_stands_how_and_leads_to_the_open_ones(page, figures):
    counts = page.locator(".lead .counts li")
    told = [" ".join(text.split()) for text in counts.all_inner_texts()]

    assert told[0] == f"{figures.totals['whole']:,} whole"
    assert {text.partition(" ")[0] for text in told} == {
        f"{number:,}" for standing, number in figures.totals.items() if number and standing != "needs a person"
    }
    assert counts.locator("svg.glyph").count() == len(told)
    counts.get_by_role("link", name="healing").click()
    expect(page.locator("#gaps-told")).to_have_text(f"{figures.totals['healing']} of {len(figures.gaps)} dates")


def test_the_history_of_a_transition_shows_when_a_person_was_needed(page, figures):
    strips = page.locator(".stands svg[data-strip]")
    person = [strip.locator(".b-needs-a-person").count() > 0 for strip in strips.all()]

    assert person == [told["standings"]["needs a person"] > 0 for told in figures.overview]
    tall = {
        kind: strips.nth(2).locator(f".b-{kind}").first.bounding_box()["height"] for kind in ("needs-a-person", "whole")
    }
    assert tall["needs-a-person"] > 2 * tall["whole"]
    stalled, first = strips.nth(2).locator(".b-needs-a-person").bounding_box(), strips.nth(2).bounding_box()
    days = [date.fromisoformat(row["partition_date"]) for row in figures.board]
    share = (date(2025, 1, 15) - min(days)) / (max(days) - min(days))
    assert abs((stalled["x"] - first["x"]) / first["width"] - share) < 0.02


def test_every_judged_date_has_its_cell_and_no_other_date_has_one(page, figures):
    drawn = page.evaluate("[...document.querySelectorAll('#board .c')].map(c => c.id)")
    first = date.fromisoformat(figures.calendar["first"])
    names = list(figures.app.pipeline.transitions)
    expected = {
        f"c{names.index(row['transition'])}-{(date.fromisoformat(row['partition_date']) - first).days}"
        for row in figures.board
    }

    assert len(drawn) == len(set(drawn))
    assert set(drawn) == expected


def test_a_cell_says_its_verdict_by_colour_and_by_shape(page):
    stalled, partial = cell(page, "phase3_to_phase4", "2025-01-15"), cell(page, "phase5_to_phase6", "2025-03-03")
    whole = cell(page, "phase2_to_phase3", "2025-01-15")
    classes = [each.get_attribute("class") for each in (stalled, partial, whole)]

    assert classes == ["c s-needs-a-person", "c s-needs-a-person", "c s-whole"]
    assert stalled.get_attribute("d").partition("m")[2] != partial.get_attribute("d").partition("m")[2]
    colours = {each.evaluate("node => getComputedStyle(node).fill") for each in (stalled, whole)}
    assert len(colours) == 2


def test_without_any_colour_what_waits_for_a_person_looks_different(page):
    """Filled, where all else that is open is drawn in lines."""
    fills = page.evaluate(
        """[...document.querySelectorAll("#board .c")].map(c => [c.className.baseVal, getComputedStyle(c).fill])"""
    )
    of = {standing: {fill for name, fill in fills if f"s-{standing}" in name.split()} for standing in
          ("needs-a-person", "healing", "would-heal", "reported")}  # fmt: skip

    assert of["healing"] == of["would-heal"] == of["reported"] == {"none"}
    assert of["needs-a-person"]
    assert "none" not in of["needs-a-person"]


def test_the_reason_covers_no_phase_of_its_date(page):
    cell(page, "phase5_to_phase6", "2025-03-03").focus()
    tip, beam = page.locator("#tip").bounding_box(), page.locator("#board .beam").bounding_box()

    assert tip["y"] + tip["height"] <= beam["y"]
    assert beam["height"] > 6 * beam["width"] / 2
    page.keyboard.press("Escape")
    expect(page.locator("#board .beam")).to_have_count(0)


def test_pointing_at_a_cell_gives_the_reason_word_for_word(page, figures):
    wanted = next(
        row for row in figures.board if row["partition_date"] == "2025-03-03" and row["code"] == "attempts_used"
    )
    cell(page, "phase5_to_phase6", "2025-03-03").hover(position={"x": 1, "y": 1})

    expect(page.locator("#tip")).to_be_visible()
    expect(page.locator("#tip")).to_contain_text(wanted["sentence"])
    lines = page.locator("#tip p").all_inner_texts()
    assert [" ".join(line.split()) for line in lines] == [
        "Mon 2025-03-03 Predictions → Exports",
        "partial, stalled",
        wanted["sentence"],
    ]
    assert "null" not in page.locator("#tip").inner_text()


def test_every_reason_in_the_page_is_the_one_in_the_ledger(page, figures):
    """What was cut into words and numbers comes back whole: asked of the table that shows each date by itself."""
    page.locator("#filters [name=each]").check()
    shown = {
        (row.locator("th").inner_text(), row.locator("td .sub").first.inner_text()): row.locator(".reason").inner_text()
        for row in page.locator("#gap-table tbody tr").all()
    }

    assert shown == {(row["partition_date"], row["transition"]): row["sentence"] for row in figures.gaps}


def test_the_first_broken_phase_of_a_date_is_named_at_the_later_ones(page):
    cell(page, "phase5_to_grading", "2025-01-15").hover()

    expect(page.locator("#tip .first")).to_have_text("First broken on this date: Analytics → Precompute")


def test_the_keyboard_reaches_every_date_and_one_stop_is_enough(page):
    stops = page.locator('#board [tabindex="0"]')
    assert stops.count() == 1
    cell(page, "phase3_to_phase4", "2025-01-14").focus()
    page.keyboard.press("ArrowRight")
    assert focused(page).startswith("2025-01-15, Analytics → Precompute: missing, stalled. ")
    expect(page.locator("#tip")).to_contain_text("Wed 2025-01-15")
    page.keyboard.press("ArrowUp")
    assert focused(page).startswith("2025-01-15, Raw → Analytics: complete. ")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    assert focused(page).startswith("2025-01-15, Predictions + Analytics → Grading: waiting. ")
    page.keyboard.press("ArrowLeft")
    assert focused(page).startswith("2025-01-14, ")
    page.keyboard.press("End")
    page.keyboard.press("ArrowRight")
    assert focused(page).startswith("2025-06-22, ")
    page.keyboard.press("PageUp")
    assert date.fromisoformat(focused(page)[:10]) <= date(2025, 6, 22) - timedelta(days=28)
    assert stops.count() == 1


def test_enter_explains_a_date_and_escape_leads_back_to_its_cell(page):
    cell(page, "phase3_to_phase4", "2025-01-15").focus()
    page.keyboard.press("Enter")
    dialog = page.locator("#explain")

    expect(dialog.locator("h2")).to_have_text("Wed 2025-01-15")
    expect(dialog.locator(".verdict")).to_contain_text("missing, stalled")
    expect(dialog.locator("#asked")).to_contain_text("Every rule that was tried")
    assert page.url.endswith("#phase3_to_phase4/2025-01-15")
    page.keyboard.press("Escape")
    expect(dialog).not_to_be_visible()
    assert focused(page).startswith("2025-01-15, Analytics → Precompute")
    assert "#" not in page.url


def test_explain_asks_what_a_scan_would_say_now_and_shows_the_whole_date(page, scene):
    cell(page, "phase3_to_phase4", "2025-01-15").click(position={"x": 1, "y": 1})
    dialog = page.locator("#explain")
    now = scene.app.explain("phase3_to_phase4", date(2025, 1, 15))

    expect(dialog.locator("#asked .says")).to_contain_text(now["sentence"])
    expect(dialog.locator("#asked")).to_contain_text(now["change"])
    assert dialog.locator("#asked tbody tr").count() == len(now["rules"])
    expect(dialog.locator(".column li")).to_have_count(4)
    dialog.locator(".column button", has_text="Raw → Analytics").click()
    expect(dialog.locator(".verdict strong")).to_have_text("complete")


def test_the_commands_are_ready_to_be_copied(opened, url):
    page = opened(url + "#phase3_to_phase4/2025-01-15", permissions=["clipboard-read", "clipboard-write"])
    line = page.locator("#explain .command", has_text="gapheal retry")
    line.get_by_role("button").click()

    expect(line.get_by_role("button")).to_have_text("Copied")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == 'gapheal retry phase3_to_phase4 2025-01-15 --why "the job is mended"'


def test_a_stuck_date_is_not_to_be_asked_for_again(opened, url):
    typed = opened(url + "#phase5_to_grading/2025-01-15").locator("#explain .command code").all_inner_texts()

    assert "gapheal explain phase5_to_grading 2025-01-15" in typed
    assert not [line for line in typed if line.startswith("gapheal retry")]


def test_search_goes_to_a_date_a_month_or_says_what_it_expected(page):
    search, found = page.locator("#date"), page.locator("#found")
    search.fill("2025-03-04")
    search.press("Enter")
    assert focused(page).startswith("2025-03-04, Predictions → Exports: partial")
    search.fill("2025-01")
    search.press("Enter")
    assert focused(page).startswith("2025-01-14, Analytics → Precompute")
    expect(found).to_have_text(re.compile(r"^\d+ dates, 6 open$"))
    search.fill("2019-01-01")
    search.press("Enter")
    expect(found).to_have_text("nothing was judged in 2019-01-01")
    search.fill("<b>yesterday")
    search.press("Enter")
    expect(found).to_have_text("expected 2024-04-16, 2024-04 or 2024")


def test_a_link_to_a_date_opens_its_explanation(opened, url):
    page = opened(url + "#phase5_to_phase6/2025-03-03")

    expect(page.locator("#explain h2")).to_have_text("Mon 2025-03-03")


def test_open_gaps_filter_by_transition_state_and_words(page, figures):
    rows, told = page.locator("#gap-table tbody tr"), page.locator("#gaps-told")
    expect(told).to_have_text(f"{len(figures.gaps)} dates")
    page.locator("#filters [name=standing]").select_option("needs a person")
    expect(told).to_have_text(f"19 of {len(figures.gaps)} dates")
    assert rows.count() == 4
    page.locator("#filters [name=text]").fill("EXPORT_LOG")
    expect(rows).to_have_count(1)
    assert rows.first.locator("th").inner_text() == "2025-03-03 \N{EN DASH} 2025-03-04"
    page.locator("#filters [name=each]").check()
    expect(rows).to_have_count(2)
    page.locator("#filters [name=condition]").select_option("missing")
    expect(rows).to_have_text("No open gap fits these filters.")


def test_open_gaps_sort_both_ways_and_say_so(page):
    dates = page.locator("#gap-table tbody th")
    head = page.locator("#gap-table thead th").first
    newest_first = dates.all_inner_texts()
    assert head.get_attribute("aria-sort") == "descending"
    head.get_by_role("button").press("Enter")
    assert head.get_attribute("aria-sort") == "ascending"
    assert [text[:10] for text in dates.all_inner_texts()] == sorted(text[:10] for text in newest_first)
    page.get_by_role("button", name="Number").click()
    numbers = [int(text) for text in page.locator("#gap-table tbody td:nth-child(2)").all_inner_texts()]
    assert numbers == sorted(numbers)
    assert head.get_attribute("aria-sort") == "none"


def test_the_lead_leads_to_what_waits_for_a_person(page):
    page.get_by_role("link", name="Show what waits for a person").click()

    expect(page.locator("#gaps-told")).to_contain_text("19 of ")


def test_quarters_without_open_gaps_can_be_hidden(page):
    shown = page.locator(".quarter:visible")
    before = shown.count()
    page.locator("#only-open").check()
    open_quarters = page.locator('.quarter:not([data-open="0"])').count()

    assert 0 < open_quarters < before
    expect(shown).to_have_count(open_quarters)


def test_trends_are_drawings_with_a_table_of_the_same_numbers(page, figures):
    assert page.locator("#trends figure svg").count() == 4
    page.locator("#chart-open summary").click()
    last = page.locator("#chart-open tbody tr").last.locator("th, td").all_inner_texts()
    today = [row for row in figures.slo["days"] if row["day"] == "2025-06-24"]
    of = {row["transition"]: row["open_gaps"] for row in today}

    assert last == ["2025-06-24", *(str(of[name]) for name in figures.app.pipeline.transitions)]
    assert page.locator("#chart-open svg rect.rect").count() > 20


def test_the_last_passes_are_listed_newest_first(page, figures):
    rows = page.locator("#passes tbody tr")

    assert rows.count() == min(len(figures.passes), 60)
    assert rows.first.locator("td").nth(1).inner_text() == figures.passes[0]["transition"]


@pytest.mark.parametrize("system", ["light", "dark"])
def test_it_follows_the_system_and_the_button_turns_it_over_for_good(opened, url, system):
    page = opened(url, color_scheme=system)
    background = "getComputedStyle(document.body).backgroundColor"
    button = page.locator("#theme")
    before = page.evaluate(background)
    assert button.get_attribute("aria-pressed") == str(system == "dark").lower()
    button.click()
    after = page.evaluate(background)
    page.reload()
    page.wait_for_selector("body[data-ready]")

    assert before != after
    assert page.evaluate(background) == after


def test_on_paper_the_dark_is_light_and_the_tools_are_gone(opened, url):
    page = opened(url, color_scheme="dark")
    page.emulate_media(media="print", color_scheme="dark")

    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    for tool in ("nav", "#search", "#theme", "#filters", "#years"):
        expect(page.locator(tool)).not_to_be_visible()
    expect(page.locator(".stands")).to_be_visible()
    assert page.pdf().startswith(b"%PDF-")


@pytest.mark.parametrize("width", [390, 800, 1360, 1920])
def test_no_screen_is_too_narrow(opened, url, width):
    page = opened(url, viewport={"width": width, "height": 800})
    size = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")

    assert size[0] <= size[1]
    assert page.locator("#board .month svg").first.bounding_box()["width"] <= width


def test_the_files_open_by_themselves_and_explain_by_the_last_verdict(opened, site):
    page = opened((site / "index.html").as_uri() + "#phase3_to_phase4/2025-01-15")
    dialog = page.locator("#explain")

    expect(dialog.locator(".says")).to_contain_text("3 of 3 triggers for this data brought nothing")
    expect(dialog.locator(".facts")).to_contain_text("attempts_used")
    expect(dialog).to_contain_text("gapheal accept phase3_to_phase4 2025-01-15")
    assert dialog.locator("#asked").inner_text() == ""


@pytest.mark.parametrize("end", ["", "/"])
def test_beneath_another_path_the_page_finds_its_api(opened, url_beneath, end):
    page = opened(f"{url_beneath}{end}#phase3_to_phase4/2025-01-15")

    expect(page.locator("#asked")).to_contain_text("Every rule that was tried")
    assert page.locator("#gaps .head a").get_attribute("href") == f"{url_beneath}/api/gaps"
