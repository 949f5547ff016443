import json
import subprocess
import sys
from pathlib import Path

import pytest

from beamprint.pipeline.commands.describe import FORMATS, describe, describe_dataset, markdown
from beamprint.pipeline.errors import UsageError
from beamprint.pipeline.record.columns import CODES, FAILURE, RECORD, Kind
from beamprint.pipeline.store.dataset import writing
from beamprint.pipeline.store.places import store_at
from tests.pipeline.rows import failure, record

ROOT = Path(__file__).parents[3]


def test_the_column_reference_is_up_to_date():
    assert (ROOT / "docs" / "columns.md").read_text(encoding="utf-8") == markdown() + "\n", (
        "make it anew: beamprint describe --format markdown > docs/columns.md"
    )


def test_the_column_reference_describes_every_column_in_full():
    text = markdown()
    for column in (*RECORD, *FAILURE):
        assert f"### {column.name}\n\n{column.definition}\n" in text
        assert column.source in text
        assert column.blind_spot.rstrip(".") in text
    for code, meaning in CODES.items():
        assert f"`{code}`: {meaning}" in text


@pytest.mark.parametrize("width", [20, 80, 110, 300])
def test_the_table_has_unit_range_and_definition_of_every_column(width):
    text = describe("table", width=width)
    rows = {line.split()[0]: line.split() for line in text.splitlines() if line and not line.startswith(" ")}
    for column in RECORD:
        head = f"{column.name} {column.unit} {column.range_text}".split()
        assert rows[column.name][: len(head)] == head
    assert max(map(len, text.splitlines())) <= max(width, 90)


def test_json_is_the_declaration():
    told = {column["name"]: column for column in json.loads(describe("json"))}
    assert list(told) == [column.name for column in RECORD]
    assert told["lufs"]["unit"] == "LUFS"
    assert (told["lufs"]["low"], told["lufs"]["high"]) == (-70, 60)
    assert told["track_id"]["gain"] is None


def test_bigquery_fields_have_type_mode_and_description():
    fields = {field["name"]: field for field in json.loads(describe("bigquery"))}
    assert fields["track_id"]["mode"] == "REQUIRED"
    assert (fields["lufs"]["type"], fields["lufs"]["mode"]) == ("FLOAT64", "NULLABLE")
    assert (fields["beats_s"]["type"], fields["beats_s"]["mode"]) == ("FLOAT64", "REPEATED")
    assert [sub["name"] for sub in fields["tags"]["fields"]] == ["key", "value"]
    assert fields["analyzed_at"]["type"] == "TIMESTAMP"
    for column in RECORD:
        described = fields[column.name]["description"]
        assert described.startswith(column.definition)
        assert len(described) <= 1024, "BigQuery's limit"
        assert ("fields" in fields[column.name]) == (
            column.kind in (Kind.FAULTS, Kind.TEXT_MAP, Kind.VERSIONS)
        )


def test_a_format_that_does_not_exist_is_refused():
    with pytest.raises(ValueError, match="'yaml' is none of table, json"):
        describe("yaml")


def test_describing_needs_no_heavy_library():
    code = "import sys, beamprint.pipeline.commands.describe as d; d.describe(); print({'numpy', 'pyarrow', 'apache_beam'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


@pytest.mark.parametrize("form", FORMATS)
def test_a_dataset_is_described_with_its_contents(tmp_path, form):
    with writing(store_at(str(tmp_path)), "run", listed=2) as dataset:
        dataset.replace(0, [record("a"), record("b")], [failure("c")])
    text = describe_dataset(str(tmp_path), form, width=110)
    assert text.endswith(describe(form, width=110))
    if form == "table":
        assert text.startswith(
            f"{tmp_path}: 2 records, 1 track in quarantine, 1 bucket\n  2 records up to date\n"
        )
    with pytest.raises(UsageError, match="not a dataset"):
        describe_dataset(str(tmp_path / "nowhere"))
