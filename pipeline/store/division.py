"""Division of a dataset into buckets, as in ``_beamprint.json``, and the names of its objects."""

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from typing import Any, NamedTuple

from beamprint.pipeline.errors import NotFinished, UsageError
from beamprint.pipeline.record.versions import FAMILY_VERSIONS
from beamprint.pipeline.store.store import ANY, Store, read

FORMAT_VERSION = 2
"""Version of the layout of a dataset. Format 1 had one version for all families."""
_READ_FORMATS = (1, FORMAT_VERSION)

METADATA = "_beamprint.json"
FINGERPRINTS = "fingerprints"
QUARANTINE = "quarantine"
TABLES = (FINGERPRINTS, QUARANTINE)
BUCKET_TRACKS = 1000


@dataclass(frozen=True, slots=True)
class Division:
    """Division of a dataset into buckets.

    Buckets are numbered from ``first``. After a growth the new buckets get new numbers. So a reader that listed the
    files before finds them gone, and not other files under their names.

    Args:
        buckets: Number of buckets.
        first: Number of the first bucket.
        bucket_tracks: Intended number of tracks in a bucket.
    """

    buckets: int
    first: int = 0
    bucket_tracks: int = BUCKET_TRACKS

    def __post_init__(self) -> None:
        for number, least in ((self.buckets, 1), (self.first, 0), (self.bucket_tracks, 1)):
            if not isinstance(number, int) or number < least:
                raise ValueError(f"{number!r} in its layout")

    @classmethod
    def for_tracks(cls, tracks: int, bucket_tracks: int = BUCKET_TRACKS) -> "Division":
        """Division of a new dataset with a number of tracks."""
        return cls(max(1, -(-tracks // bucket_tracks)), 0, bucket_tracks)

    def grown(self, tracks: int) -> "Division":
        """Division after a growth to a number of tracks."""
        wanted = Division.for_tracks(tracks, self.bucket_tracks)
        return replace(wanted, first=self.first + self.buckets)

    @property
    def numbers(self) -> range:
        """Numbers of all buckets."""
        return range(self.first, self.first + self.buckets)

    def bucket_of(self, track_id: str) -> int:
        """Number of a track's bucket, the same on every machine and in every process."""
        digest = hashlib.blake2b(track_id.encode(), digest_size=8).digest()
        return self.first + int.from_bytes(digest, "big") % self.buckets


def bucket_name(table: str, bucket: int) -> str:
    """Name of a bucket's object in the fingerprints or the quarantine."""
    return f"{table}/bucket-{bucket:05d}.parquet"


class Metadata(NamedTuple):
    """Contents of ``_beamprint.json``.

    Attributes:
        division: Present division of the dataset.
        growing: Next division, during a growth; else None.
        current: Whether all rows have the present schema.
    """

    division: Division
    growing: Division | None = None
    current: bool = True


def read_metadata(store: Store) -> Metadata | None:
    """Metadata of a dataset; None if there is no dataset.

    Raises:
        UsageError: The metadata are not from this program, or of a later format.
        NotFinished: The metadata cannot be read.
    """
    try:
        found = read(store, METADATA)
        if found is None:
            return None
        return _parsed(store, json.loads(found[0]))
    except OSError as error:
        raise NotFinished(f"cannot read {store.uri(METADATA)}: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UsageError(f"{store.uri(METADATA)} does not describe a dataset: {error}; restore it") from error


def _parsed(store: Store, metadata: Any) -> Metadata:
    version = metadata["format_version"]
    if version not in _READ_FORMATS:
        raise UsageError(
            f"{store.uri()} has format {version}; this version of beamprint reads format {FORMAT_VERSION}"
        )
    growing = metadata.get("growing")
    if growing and version != FORMAT_VERSION:
        raise NotFinished(
            f"{store.uri()} was being divided into more buckets by an earlier version of beamprint: run that version once more"
        )
    current = version == FORMAT_VERSION and metadata["family_versions"] == dict(FAMILY_VERSIONS)
    if version == FORMAT_VERSION:
        _check_versions(store, metadata["family_versions"])
    return Metadata(Division(**metadata["layout"]), growing and Division(**growing), current)


def _check_versions(store: Store, versions: dict[str, int]) -> None:
    later = sorted(name for name, number in versions.items() if number > FAMILY_VERSIONS.get(name, 0))
    if later:
        raise UsageError(
            f"{store.uri()} was written by a later version of beamprint (definitions of {', '.join(later)}); "
            "install that version"
        )


def write_metadata(store: Store, division: Division, *, growing: Division | None = None) -> None:
    """Replace ``_beamprint.json``, unless it has these contents already. The caller holds the dataset.

    Args:
        store: Store of the dataset.
        division: Present division.
        growing: Next division, whose files are complete.
    """
    metadata: dict[str, object] = {
        "format_version": FORMAT_VERSION,
        "family_versions": dict(FAMILY_VERSIONS),
        "layout": asdict(division),
    }
    if growing is not None:
        metadata["growing"] = asdict(growing)
    content = (json.dumps(metadata, indent=2) + "\n").encode()
    found = read(store, METADATA)
    if found is None or found[0] != content:
        store.write(METADATA, content, ANY)
