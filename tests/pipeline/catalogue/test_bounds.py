"""The bounds of a run: ``--root`` and ``--allow-scheme``."""

import pytest

from beamprint.pipeline.catalogue.bounds import Bounds
from beamprint.pipeline.catalogue.listing import list_tracks
from beamprint.pipeline.errors import UsageError


@pytest.fixture
def place(tmp_path):
    for name in ("music/a.wav", "music/live/b.wav", "music2/c.wav", "secret.wav"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"some bytes")
    return tmp_path


def listed(place, *inputs, roots=("music",), schemes=()):
    bounds = Bounds.given([str(place / root) for root in roots], schemes)
    return [track.track_id for track in list_tracks([str(place / given) for given in inputs], bounds).tracks]


def test_files_in_a_root_are_listed(place):
    assert listed(place, "music") == ["a.wav", "live/b.wav"]
    assert listed(place, "music", "music2", roots=("music", "music2")) == ["a.wav", "live/b.wav", "c.wav"]
    assert listed(place, "music/*.wav", roots=("/",)) == ["a.wav"]
    (place / "music/m.txt").write_text("a.wav\n../music/live/b.wav\n")
    assert len(listed(place, "music/m.txt")) == 2


@pytest.mark.parametrize(
    "given", ["", "secret.wav", "music2", "music2/*.wav", "m.csv", "music/../secret.wav"]
)
def test_an_input_elsewhere_is_refused(place, given):
    (place / "m.csv").write_text("uri\nmusic/a.wav\n")
    with pytest.raises(UsageError, match=r"input .* lies outside of --root .*/music$"):
        listed(place, given)


@pytest.mark.parametrize(
    "uri",
    [
        "../secret.wav",
        "live/../../secret.wav",
        "../music2/c.wav",
        "/etc/passwd",
        "../nowhere.wav",
        "file:/%65tc/x",
    ],
)
def test_a_row_elsewhere_is_refused_and_named_with_the_root(place, uri):
    (place / "music/m.csv").write_text(f"uri\na.wav\n{uri}\n")
    with pytest.raises(UsageError, match=r"m\.csv row 3: .* lies outside of --root .*/music$"):
        listed(place, "music/m.csv")


def test_a_link_out_of_the_root_is_refused_and_one_within_is_not(place):
    (place / "music/within.wav").symlink_to(place / "music/a.wav")
    (place / "music/within").symlink_to("live")
    assert "within/b.wav" in listed(place, "music")
    (place / "music/m.csv").write_text("uri\nwithin/../out.wav\n")
    (place / "music/out.wav").symlink_to(place / "secret.wav")
    for given in ("music", "music/out.wav", "music/*", "music/m.csv"):
        with pytest.raises(UsageError, match=r"out\.wav, which leads to .*/secret\.wav, lies outside"):
            listed(place, given)


@pytest.mark.parametrize("target", ["..", "../music2"])
def test_a_folder_that_leads_out_of_the_root_is_refused(place, target):
    (place / "music/zout").symlink_to(target)
    with pytest.raises(UsageError, match="lies outside of --root"):
        listed(place, "music")


def test_a_root_may_itself_be_a_link(place):
    (place / "library").symlink_to("music")
    assert listed(place, "library", roots=("library",)) == ["a.wav", "live/b.wav"]
    assert listed(place, "music", roots=("library",)) == ["a.wav", "live/b.wav"]


def test_a_root_is_a_folder(place):
    with pytest.raises(UsageError, match=r"--root .*secret\.wav is not a folder"):
        listed(place, "music", roots=("secret.wav",))


def test_schemes_are_bounded(place):
    assert listed(place, "music/a.wav", schemes=["file"]) == listed(place, "music/a.wav", schemes=["FILE://"])
    (place / "music/m.csv").write_text("uri\na.wav\n")
    for given in ("music", "music/m.csv", "music/*.wav"):
        with pytest.raises(UsageError, match="file: is not among --allow-scheme gs"):
            listed(place, given, schemes=["gs"])
