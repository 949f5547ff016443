import html
import json
import re
import shutil

import numpy as np
import pytest
import vl_convert

from beamprint.pipeline.commands.check.profile import read_profile
from beamprint.pipeline.commands.report.catalogue_map import catalogue_map
from beamprint.pipeline.commands.report.command import report
from beamprint.pipeline.commands.report.contents import compliance, outliers, sample_of
from beamprint.pipeline.commands.report.numbers import DIMENSIONS, NUMBERS, distribution, scaled, values_of
from beamprint.pipeline.errors import UsageError
from beamprint.pipeline.record.columns import Group
from beamprint.pipeline.store.dataset import writing
from beamprint.pipeline.store.places import store_at
from tests.pipeline.rows import failure, record

EVIL = "</script><script>window.hurt=1</script><img src=x onerror=window.hurt=1>\"'"
LOUD, FAR = "loud track", "far track"


def tracks(number=40):
    """Records with values that differ; two stand out, and one has a hostile name."""
    rng = np.random.default_rng(3)
    names = [f"track {i:03}" for i in range(number)] + [EVIL, LOUD, FAR]
    made = []
    for name in names:
        values = {
            column: float(np.clip(rng.normal(0.5, 0.1), 0.01, 0.99))
            for column, declared in NUMBERS.items()
            if declared.group is Group.DIMENSION
        }
        values |= {"tempo_bpm": rng.uniform(80, 160), "lufs": rng.normal(-14, 2), "sample_peak_dbfs": -1.0}
        values |= {"repeats": 0, "skips": 0, "channel_rms_dbfs": None, "channel_peak_dbfs": None}
        values |= {"clicks": 0, "dropouts": 0, "dc_offset": 0.0, "hum_db": 0.0, "polarity_inverted": False}
        values |= {"tags": {"album": EVIL if name == EVIL else "An album"}, "embedded": {}}
        made.append(record(name, **values))
    made[-2]["dropouts"] = 7
    made[-2]["faults"] = [
        {"kind": "dropout", "start_s": 63.25, "end_s": 63.3, "channel": 1, "level_db": None},
    ]
    made[-1]["spectral_flatness"] = 40.0
    made[0]["tempo_bpm"] = None
    return made


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """The report of such a dataset."""
    here = tmp_path_factory.mktemp("report")
    failures = [failure("broken", message=EVIL), failure("b" + EVIL, reason="empty")]
    with writing(store_at(str(here / "out")), "run", listed=100) as made:
        made.replace(made.division.first, tracks(), failures)
        report(made, str(here / "report.html"), "faults")
    return here / "report.html"


def test_names_and_messages_are_text_in_the_page(page):
    text = page.read_text()
    ours, _, _ = text.partition("<script>" + vl_convert.javascript_bundle()[:50])
    assert "<img" not in ours
    assert "<script>window" not in ours
    assert html.escape(EVIL, quote=False).split('"')[0] in ours  # in the tables
    assert text.count("</script>") == 4


def test_the_page_says_where_the_faults_of_suspects_are(page):
    section = re.search(r'<h2 id="faults">.*?<h2 ', page.read_text(), re.DOTALL)[0]
    cells = re.findall(r"<td[^>]*>(.*?)</td>", section)
    assert [LOUD, "dropout", "1:03.250", "1:03.300", "1", "-"] == cells[:6]
    assert FAR not in cells


def test_the_charts_are_data_of_every_dimension(page):
    (data,) = re.findall(r'<script type="application/json" id="charts">(.*?)</script>', page.read_text())
    charts = json.loads(data)
    assert {point["track"] for point in charts["map"]["data"]["values"]} == {r["track_id"] for r in tracks()}
    assert set(DIMENSIONS) <= charts["colours"].keys()
    shown = {bar["column"].split(" ")[0] for bar in charts["distributions"]["data"]["values"]}
    assert set(DIMENSIONS) <= shown


def test_a_page_that_cannot_be_written_is_a_usage_error(tmp_path):
    with writing(store_at(str(tmp_path / "out")), "run", listed=1) as made, pytest.raises(UsageError):
        report(made, str(tmp_path / "missing/report.html"), "faults")
    assert not (tmp_path / "missing").exists()


def test_a_dataset_without_tracks_has_a_report(tmp_path):
    with writing(store_at(str(tmp_path / "out")), "run", listed=1) as made:
        report(made, str(tmp_path / "report.html"), "faults")
    assert "too few tracks" in (tmp_path / "report.html").read_text()


def test_quantiles_and_bins_count_every_value():
    values = np.append(np.random.default_rng(0).normal(size=1000), [np.nan, np.nan])
    found = distribution(NUMBERS["lufs"], values)
    assert (found.measured, found.missing) == (1000, 2)
    assert sum(count for *_, count in found.bins) == 1000
    assert found.quantiles == pytest.approx(np.nanquantile(values, [0, 0.25, 0.5, 0.75, 1]))


def test_a_value_is_scaled_by_median_and_quartiles():
    """Of a normal distribution, quartiles give the standard deviation."""
    values = np.append(np.random.default_rng(0).normal(5, 2, 100_000), np.nan)
    z = scaled(values)
    assert np.nanstd(z) == pytest.approx(1, abs=0.02)
    assert np.nanmedian(z) == pytest.approx(0, abs=1e-9)
    assert np.isnan(z[-1])
    assert not scaled(np.full(5, 3.0)).any()


def test_the_map_finds_the_two_directions_in_which_tracks_differ():
    """Two hidden causes, one twice as strong, each seen in several columns: the axes are these causes."""
    rng = np.random.default_rng(1)
    first, second = rng.normal(size=(2, 4000))
    columns = {f"a{i}": first + 0.1 * rng.normal(size=4000) for i in range(6)}
    columns |= {f"b{i}": second + 0.1 * rng.normal(size=4000) for i in range(3)}
    columns["constant"] = np.ones(4000)
    columns["b0"][:40] = np.nan
    found = catalogue_map(columns)
    assert abs(np.corrcoef(found.places[:, 0], first)[0, 1]) > 0.99
    assert abs(np.corrcoef(found.places[:, 1], second)[0, 1]) > 0.98
    assert {name[0] for name, _ in found.axes[0].weights} == {"a"}
    assert {name[0] for name, _ in found.axes[1].weights} == {"b"}
    assert sum(axis.share for axis in found.axes) > 0.95


def test_no_map_of_two_tracks():
    assert catalogue_map({"a": np.array([1.0, 2.0]), "b": np.array([2.0, 1.0])}) is None
    assert catalogue_map({"a": np.ones(9), "b": np.ones(9)}) is None


def dataset_of(folder):
    with writing(store_at(str(folder)), "run", listed=100) as made:
        made.replace(made.division.first, tracks(), [])
        return made


def test_suspects_and_outliers_are_the_tracks_that_stand_out(tmp_path):
    rows = dataset_of(tmp_path / "out").fingerprints()
    held = compliance(read_profile("faults"), rows, [])
    track, finding = held.suspects[0]
    assert (track.track_id, finding.rule) == (LOUD, "dropouts")
    assert held.rules["dropouts"]["fail"] == held.tracks["fail"] == 1
    assert sum(held.tracks.values()) == len(rows)
    found = outliers(rows, {name: values_of(rows, name) for name in DIMENSIONS})
    assert (found[0].track_id, found[0].column) == (FAR, "spectral_flatness")


def test_quarantined_tracks_count_as_failures_once(tmp_path):
    rows = dataset_of(tmp_path / "out").fingerprints()
    held = compliance(read_profile("faults"), rows, [failure(LOUD), failure("new")])
    assert held.tracks["fail"] == 2
    assert sum(held.tracks.values()) == len(rows) + 1


def test_a_sample_is_the_same_each_time():
    assert np.array_equal(sample_of(10**6, 3000), sample_of(10**6, 3000))
    assert len(np.unique(sample_of(10**6, 3000))) == 3000
    assert list(sample_of(3, 10)) == [0, 1, 2]


@pytest.fixture(scope="module")
def browser():
    """Chromium of the system; without it the test fails, since .ci/run installs it."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_works_in_a_browser(page, browser, scheme):
    shown = browser.new_page(color_scheme=scheme, viewport={"width": 1280, "height": 900})
    wrong, asked = [], []
    shown.on("pageerror", lambda error: wrong.append(str(error)))
    shown.on("console", lambda m: wrong.append(m.text) if m.type in ("error", "warning") else None)
    shown.on("request", lambda request: asked.append(request.url))
    shown.goto(page.as_uri())
    shown.wait_for_selector(f"body[data-drawn={scheme}]")
    assert shown.evaluate("[...document.querySelectorAll('#map canvas, #distributions canvas')].length") == 2

    table = shown.locator("h2#outliers + p + .table")
    table.get_by_role("button", name="distance").click()
    distances = [float(cell) for cell in table.locator("tbody td:nth-child(5)").all_text_contents()]
    assert distances == sorted(distances)
    table.get_by_role("button", name="distance").click()
    distances = [float(cell) for cell in table.locator("tbody td:nth-child(5)").all_text_contents()]
    assert distances == sorted(distances, reverse=True)

    columns = shown.locator("h2#columns ~ .table").first
    columns.get_by_role("searchbox").fill("spectral_flat")
    assert columns.locator("tbody tr:visible").count() == 1
    assert columns.locator(".count").text_content().startswith("1 of ")

    tooltip_names_the_track(shown)
    shown.locator("#colour").select_option("tempo_bpm")
    tooltip_names_the_track(shown)
    assert shown.evaluate("window.hurt") is None
    assert not wrong
    assert all(url.startswith(("file:", "data:", "blob:")) for url in asked)
    shown.close()


def tooltip_names_the_track(shown):
    """Point at the track with the hostile name, where the map itself says that it is drawn."""
    shown.locator("#map").scroll_into_view_if_needed()
    shown.evaluate("async () => { window.drawnMap = (await drawMap()).view; }")
    shown.wait_for_timeout(1000)  # until it has the width of the page
    x, y = shown.evaluate(
        """(name) => {
          const walk = (item) => item.items ? item.items.flatMap(walk) : [item];
          const found = walk(drawnMap.scenegraph().root).find((item) => item.datum?.track === name);
          const [left, top] = drawnMap.origin(), padding = drawnMap.padding();
          const box = document.querySelector("#map canvas").getBoundingClientRect();
          return [box.left + padding.left + left + found.x, box.top + padding.top + top + found.y];
        }""",
        EVIL,
    )
    shown.mouse.move(x - 60, y - 60)
    shown.mouse.move(x, y)
    shown.wait_for_selector("#vg-tooltip-element.visible")
    assert EVIL[:20] in shown.locator("#vg-tooltip-element").text_content()
