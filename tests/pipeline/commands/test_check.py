import csv
import io
import json
from html.parser import HTMLParser

import numpy as np
import pyarrow as pa
import pytest

from beamprint.pipeline.commands.check.command import check, judged
from beamprint.pipeline.commands.check.conditions import COLUMNS, Condition
from beamprint.pipeline.commands.check.judging import Verdict, columns_for, judge
from beamprint.pipeline.commands.check.profile import profile_names, read_profile
from beamprint.pipeline.commands.check.rendering import RENDERERS
from beamprint.pipeline.errors import UsageError
from beamprint.pipeline.record.arrow import record_schema
from beamprint.pipeline.record.columns import Kind
from beamprint.pipeline.store.dataset import writing
from beamprint.pipeline.store.places import store_at
from tests.pipeline.commands.transfers import make
from tests.pipeline.rows import failure, record
from tests.sounds import song, write

PROFILES = ("archive", "broadcast-r128", "broadcast-r128-short-form", "faults", "label", "streaming")
MAPS = {name for name, column in COLUMNS.items() if column.kind in (Kind.TEXT_MAP, Kind.VERSIONS)}
LOUDNESS = """
[[rule]]
name = "loudness"
column = "lufs"
pass = { min = -23.5, max = -22.5 }
warn = { min = -24, max = -22 }
reason = "Not at -23."
clause = "EBU R 128"
"""


def profile_of(folder, text):
    path = folder / "own.toml"
    path.write_text(text)
    return read_profile(str(path))


def table(*records):
    return pa.Table.from_pylist(list(records), pa.schema([f for f in record_schema() if f.name not in MAPS]))


def verdict_on(profile, **values):
    (track,) = judge(profile, table(record(**values)))
    return track.verdict


@pytest.mark.parametrize(
    ("lufs", "verdict"),
    [
        (-23.0, Verdict.PASS),
        (-23.5, Verdict.PASS),
        (-22.5, Verdict.PASS),
        (-23.51, Verdict.WARN),
        (-22.0, Verdict.WARN),
        (-21.99, Verdict.FAIL),
        (-60.0, Verdict.FAIL),
        (None, Verdict.CANNOT_JUDGE),
    ],
)
def test_bounds_are_inclusive(tmp_path, lufs, verdict):
    assert verdict_on(profile_of(tmp_path, LOUDNESS), lufs=lufs) is verdict


def test_a_null_says_why_there_is_no_value(tmp_path):
    (track,) = judge(profile_of(tmp_path, LOUDNESS), table(record(lufs=None, notes=["lufs:gated"])))
    (found,) = track.findings
    assert found.verdict is Verdict.CANNOT_JUDGE
    assert found.reason == "not measured: gated"


@pytest.mark.parametrize("name", PROFILES)
def test_no_track_without_values_passes_a_profile(name):
    """Every measured column is null: none may pass."""
    nothing = {name: None for name, column in COLUMNS.items() if not column.required}
    track = record(**nothing, duration_s=100.0, channels=2, sample_rate_hz=96_000)
    assert verdict_on(read_profile(name), **track) >= Verdict.CANNOT_JUDGE


def test_the_profiles_that_the_help_names_are_all_there():
    assert tuple(profile_names()) == PROFILES


@pytest.mark.parametrize("name", PROFILES)
def test_every_rule_of_a_profile_says_what_is_wrong_and_where_it_comes_from(name):
    for rule in read_profile(name).rules.values():
        assert rule.reason.endswith("."), rule.name
        assert rule.clause, rule.name


def test_a_profile_takes_rules_over_and_replaces_them(tmp_path):
    whole = read_profile("broadcast-r128")
    own = profile_of(tmp_path, f'based_on = "broadcast-r128"\n{LOUDNESS.replace("-24", "-25")}')
    assert own.rules.keys() == whole.rules.keys()
    assert own.rules["loudness"].tolerated == Condition(min=-25, max=-22)
    assert own.rules["true peak"] == whole.rules["true peak"]


def rule(column, condition, **more):
    lines = [f'{name} = "{text}"' for name, text in (("name", "r"), ("reason", "x."), ("clause", "y"))]
    lines += [f'column = "{column}"', f"pass = {condition}", *(f"{name} = {v}" for name, v in more.items())]
    return "[[rule]]\n" + "\n".join(lines)


@pytest.mark.parametrize(
    ("column", "condition", "value", "passes"),
    [
        ("dual_mono", "{ equals = false }", False, True),
        ("dual_mono", "{ equals = false }", True, False),
        ("codec", '{ one_of = ["flac", "alac"] }', "alac", True),
        ("codec", '{ one_of = ["flac", "alac"] }', "mp3", False),
        ("codec", '{ none_of = ["mp3"] }', "mp3", False),
        ("clicks", "{ max = 2 }", 2, True),
        ("clicks", "{ max = 2 }", 3, False),
        ("notes", '{ none_of = ["length_corrected"] }', [], True),
        ("notes", '{ none_of = ["length_corrected"] }', ["a", "length_corrected"], False),
        ("mfcc_mean", "{ max = 1 }", [0.5, 0.9], True),
        ("mfcc_mean", "{ max = 1 }", [0.5, 1.5, None], False),
        ("mfcc_mean", "{ max = 1 }", [0.5, None], None),
        ("mfcc_mean", "{ max = 1 }", None, None),
        ("channel_rms_dbfs", "{ within = 12 }", [-20.0, -31.0], True),
        ("channel_rms_dbfs", "{ within = 12 }", [-20.0, -33.0], False),
        ("channel_rms_dbfs", "{ within = 12 }", [-20.0, None], None),
        ("channel_rms_dbfs", "{ within = 12 }", [-20.0, None, -33.0], False),
        ("channel_rms_dbfs", "{ within = 12, min = -30 }", [-31.0, -31.0], False),
        ("effective_bits", '{ min = "bit_depth" }', 8, True),
        ("effective_bits", '{ min = "bit_depth" }', 7, False),
    ],
)
def test_conditions(tmp_path, column, condition, value, passes):
    expected = {True: Verdict.PASS, False: Verdict.FAIL, None: Verdict.CANNOT_JUDGE}[passes]
    rows = table(record("a", **{column: value}), record("b"))
    judged_tracks = list(judge(profile_of(tmp_path, rule(column, condition)), rows))
    assert judged_tracks[0].verdict is expected


def test_a_rule_applies_only_where_it_says(tmp_path):
    profile = profile_of(
        tmp_path, rule("dual_mono", "{ equals = false }", when="{ channels = { equals = 2 } }")
    )
    assert verdict_on(profile, channels=2, dual_mono=None) is Verdict.CANNOT_JUDGE
    assert verdict_on(profile, channels=1, dual_mono=None) is Verdict.PASS
    assert verdict_on(profile, channels=2, dual_mono=True) is Verdict.FAIL


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "no \\[\\[rule\\]\\]"),
        ("[[rule]]\nname = 1", "reason is missing"),
        ("nothing", "not TOML"),
        ("x = 1", "'x' is none of"),
        ("rule = 3", "written as"),
        (rule("luffs", "{}"), "no column 'luffs'; the nearest is lufs"),
        (rule("embedded", "{}"), "holds no numbers"),
        (rule("lufs", "{ above = 3 }"), "is not a table with some of"),
        (rule("lufs", '{ min = "codec" }'), "does not suit lufs"),
        (rule("lufs", "{ min = true }"), "does not suit lufs"),
        (rule("codec", "{ min = 3 }"), "does not suit codec"),
        (rule("codec", "{ one_of = [] }"), "does not suit codec"),
        (rule("lufs", "{}", when="3"), "not a table of columns"),
        (rule("lufs", "{}", weight="3"), "'weight' is none of"),
        ('based_on = "nothing"', "neither one of"),
    ],
)
def test_a_wrong_profile_is_refused_with_the_name_of_the_error(tmp_path, text, told):
    with pytest.raises(UsageError, match=told):
        profile_of(tmp_path, text)


def test_a_profile_that_is_based_on_itself_is_refused(tmp_path):
    with pytest.raises(UsageError, match="based on itself"):
        profile_of(tmp_path, f'based_on = "{tmp_path}/own.toml"\n{LOUDNESS}')


def test_no_such_profile():
    with pytest.raises(UsageError, match="does not exist"):
        read_profile("nothing.toml")


@pytest.fixture
def dataset(tmp_path):
    """Three records and two failures; the failure of ``b`` is newer than its record."""
    records = [record("a", lufs=-23.0), record("b", lufs=-23.0), record("c", lufs=-10.0)]
    failures = [failure("b", reason="truncated"), failure("d", reason="empty", message="<b>no</b> bytes")]
    with writing(store_at(str(tmp_path / "out")), "run", listed=5) as made:
        made.replace(made.division.first, records, [])
        made.replace(made.division.first, [], failures)
    return str(tmp_path / "out")


def test_tracks_in_quarantine_fail_with_their_reason(tmp_path, dataset):
    tracks = judged([dataset], profile_of(tmp_path, LOUDNESS))
    assert [(t.track_id, str(t.verdict)) for t in tracks] == [
        ("a", "pass"),
        ("b", "fail"),
        ("c", "fail"),
        ("d", "fail"),
    ]
    assert [found.value for track in tracks for found in track.findings] == ["truncated", -10.0, "empty"]


def test_all_formats_have_the_same_content(tmp_path, dataset):
    profile = profile_of(tmp_path, LOUDNESS)
    tracks = judged([dataset], profile, all_rules=True)
    told = json.loads(RENDERERS["json"](profile, tracks))
    assert told["counts"] == {"pass": 1, "warn": 0, "cannot judge": 0, "fail": 3}
    of_json = [(t["track_id"], f["rule"]) for t in told["tracks"] for f in t["findings"]]
    lines = list(csv.DictReader(io.StringIO(RENDERERS["csv"](profile, tracks))))
    assert [(line["track_id"], line["rule"]) for line in lines] == of_json
    text = RENDERERS["table"](profile, tracks)
    assert "pass: loudness: lufs -23 LUFS, asked for: -23.5 to -22.5 LUFS" in text
    assert text.endswith("1 pass, 0 warn, 0 cannot judge, 3 fail")


class _Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.seen = set()

    def handle_starttag(self, tag, attrs):
        self.seen.add(tag)
        assert not {name for name, _ in attrs if name.startswith("on")}


def test_names_and_messages_are_text_in_the_page(tmp_path):
    evil = '"><img src=x onerror=alert(1)></script><script>alert(2)</script>'
    profile = profile_of(tmp_path, LOUDNESS)
    rows = table(record(evil, uri=f"/{evil}", lufs=-1.0, notes=[evil]))
    failures = [{"track_id": "z" + evil, "uri": evil, "reason": "empty", "message": evil}]
    page = RENDERERS["html"](profile, list(judge(profile, rows, failures)))
    tags = _Tags()
    tags.feed(page)
    assert "img" not in tags.seen
    assert "<img" not in page
    assert page.count("<script>") == 1
    assert "http://" not in page
    assert "https://" not in page


def test_a_difference_of_levels_is_in_db():
    condition = Condition.of({"within": 12.0}, COLUMNS["channel_rms_dbfs"])
    assert condition.text("dBFS") == "within 12 dB of each other"


def test_a_bad_track_makes_exit_code_1_and_a_line_on_the_terminal_stays_one(tmp_path, capsys):
    write(tmp_path / "music/a\nb.wav", song(3.0))
    (tmp_path / "music/c.wav").write_bytes(b"RIFF")
    own = tmp_path / "own.toml"
    own.write_text(rule("channels", "{ equals = 2 }"))
    assert check([str(tmp_path / "music/a\nb.wav")], str(own), "table", all_rules=False) == 0
    assert capsys.readouterr().out.splitlines()[0].startswith("pass")
    assert check([str(tmp_path / "music")], str(own), "table", all_rules=False) == 1
    told = capsys.readouterr().out
    assert "fail: quarantine" in told
    assert told.count("truncated") == 1, "the reason stands there once"


def test_a_dataset_is_checked_alone(tmp_path, dataset):
    with pytest.raises(UsageError, match="on its own"):
        check([dataset, str(tmp_path)], "faults", "table", all_rules=False)


def test_a_certificate_of_a_programme_at_minus_23(tmp_path):
    """A 997 Hz sine in both channels at -23 dBFS peak is -23.0 LUFS (EBU Tech 3341, case 1)."""
    t = np.arange(20 * 48_000) / 48_000
    sine = 10 ** (-23 / 20) * np.sin(2 * np.pi * 997 * t)
    path = write(tmp_path / "sine.wav", np.stack([sine, sine]), 48_000, subtype="PCM_24")
    (track,) = judged([str(path)], read_profile("broadcast-r128"), all_rules=True)
    found = {each.rule: each for each in track.findings}
    assert found["loudness"].verdict is Verdict.PASS
    assert found["loudness"].value == pytest.approx(-23.0, abs=0.1)
    assert found["true peak"].verdict is Verdict.PASS
    assert not [each for each in track.findings if each.verdict is Verdict.PASS and each.reason]


def test_columns_that_are_needed_are_columns_of_a_record():
    for name in PROFILES:
        assert set(columns_for(read_profile(name))) <= COLUMNS.keys()


@pytest.mark.slow
def test_of_56_transfers_the_36_with_faults_are_found_and_the_20_good_ones_pass(tmp_path):
    made = make(tmp_path / "transfers")
    tracks = {t.track_id: t for t in judged([str(tmp_path / "transfers")], read_profile("archive"))}
    assert len(tracks) == len(made) == 56
    assert sum(len(transfer.broken) for transfer in made.values()) == 39
    found = {
        name: {f.rule for f in track.findings if f.verdict in (Verdict.WARN, Verdict.FAIL)}
        for name, track in tracks.items()
    }
    missed = {name: set(transfer.broken) - found[name] for name, transfer in made.items()}
    assert not {name: rules for name, rules in missed.items() if rules}
    good = [name for name, transfer in made.items() if not transfer.broken]
    assert len(good) == 20
    assert {name: str(tracks[name].verdict) for name in good} == dict.fromkeys(good, "pass")
