"""The corpus of hostile files: each has the outcome that its format asks for."""

import pytest

from beamprint.transforms.audio.cuts import plan_track
from beamprint.transforms.audio.errors import BadAudio
from beamprint.transforms.audio.track import open_segment
from tests.transforms.audio import hostile, sounds


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return sounds.one_of_each(tmp_path_factory.mktemp("made"))


@pytest.fixture(scope="module")
def corpus(made):
    return list(hostile.cases(made))


def outcome(path):
    """Frames and notes of a record, or the reason that there is none; anything else that is raised is a bug."""
    try:
        plan = plan_track(str(path))
        identity = open_segment(str(path), borders=plan.borders, frames=plan.frames).identity
    except BadAudio as bad:
        return bad.reason
    return identity.frames, set(identity.notes)


def test_there_are_enough_of_them(corpus):
    assert len({case.name for case in corpus}) == len(corpus) >= 150


@pytest.mark.parametrize("kind", [*sounds.ENCODINGS, "mp2", "none"])
def test_every_defect_has_its_outcome(corpus, made, kind, tmp_path):
    path = tmp_path / "file"
    whole = None
    if kind in made:
        path.write_bytes(made[kind])
        whole, _ = outcome(path)
    wrong = []
    for case in corpus:
        if case.kind != kind:
            continue
        path.write_bytes(case.data)
        found = outcome(path)
        if isinstance(found, tuple):
            frames, notes = found
            right = case.share is not None and frames == case.share * whole and case.notes <= notes
        else:
            right = found in case.reasons
        if not right:
            wrong.append(f"{case.name}: {found}, of {whole} frames")
    assert not wrong, "\n".join(wrong)
