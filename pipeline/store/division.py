"""Where things lie in a dataset's folder, and how a file there is replaced."""

import hashlib
import json
import os
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from beamprint.pipeline.errors import NotFinished, UsageError
from beamprint.pipeline.record.record import ALGORITHM_VERSION, parameters_digest

FORMAT_VERSION = 1
"""Version of the way a dataset lies on disk."""

METADATA = "_beamprint.json"
FINGERPRINTS = "fingerprints"
QUARANTINE = "quarantine"
RUNS = "_runs"
SCRATCH = "_scratch"
PARTIALS = "partials"
UNFINISHED = ".tmp"
BUCKET_TRACKS = 1000


@dataclass(frozen=True, slots=True)
class Division:
    """How a dataset is divided.

    Buckets are numbered from ``first``: after a growth the numbers go on, so that a reader that
    listed the files before it finds them gone, rather than others under their names.

    Args:
        buckets: Number of buckets.
        first: Number of the first bucket.
        bucket_tracks: Tracks a bucket is meant to hold.
    """

    buckets: int
    first: int = 0
    bucket_tracks: int = BUCKET_TRACKS

    @classmethod
    def for_tracks(cls, tracks: int, bucket_tracks: int = BUCKET_TRACKS) -> "Division":
        """Division of a new dataset of so many tracks."""
        return cls(max(1, -(-tracks // bucket_tracks)), 0, bucket_tracks)

    def grown(self, tracks: int) -> "Division":
        """Division after a growth to so many tracks."""
        wanted = Division.for_tracks(tracks, self.bucket_tracks)
        return replace(wanted, first=self.first + self.buckets)

    @property
    def numbers(self) -> range:
        """Numbers of all buckets."""
        return range(self.first, self.first + self.buckets)

    def bucket_of(self, track_id: str) -> int:
        """Number of the bucket a track belongs to, the same on every machine and in every process."""
        digest = hashlib.blake2b(track_id.encode(), digest_size=8).digest()
        return self.first + int.from_bytes(digest, "big") % self.buckets


def bucket_path(root: Path, table: str, bucket: int) -> Path:
    """File of a bucket of the fingerprints or the quarantine."""
    return root / table / f"bucket-{bucket:05d}.parquet"


def read_division(root: Path, *, growing: bool = False) -> Division | None:
    """How the dataset in a folder is divided.

    Args:
        root: Folder of the dataset.
        growing: Whether to ask for the division that a growth is about to introduce.

    Returns:
        None where there is no dataset, or no growth under way.

    Raises:
        UsageError: The metadata are not this program's, or of another format.
        NotFinished: They cannot be read.
    """
    path = root / METADATA
    try:
        metadata = json.loads(path.read_bytes())
        version = metadata["format_version"]
        if version != FORMAT_VERSION:
            raise UsageError(
                f"{root} has format {version}; this version of beamprint reads format {FORMAT_VERSION}"
            )
        present, coming = metadata["layout"], metadata.get("growing")
        division, grown = Division(**present), coming and Division(**coming)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise NotFinished(f"cannot read {path}: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(f"{path} does not describe a dataset: {error}") from error
    return grown if growing else division


def write_division(root: Path, division: Division, *, growing: Division | None = None) -> None:
    """Replace ``_beamprint.json``, unless it says the same already.

    Args:
        root: Folder of the dataset.
        division: How it is divided.
        growing: How it is about to be divided: the files for it are complete.
    """
    metadata: dict[str, object] = {
        "format_version": FORMAT_VERSION,
        "algorithm_version": ALGORITHM_VERSION,
        "parameters_digest": parameters_digest(),
        "layout": asdict(division),
    }
    if growing is not None:
        metadata["growing"] = asdict(growing)
    content = (json.dumps(metadata, indent=2) + "\n").encode()
    path = root / METADATA
    if not path.exists() or path.read_bytes() != content:
        replace_file(path, content, root)


def replace_file(path: Path, content: bytes | memoryview, root: Path) -> None:
    """Put ``content`` in the place of a file, so that a reader, or a crash, meets the old or the new one whole.

    The caller is the only one to write this file at this time.

    Raises:
        NotFinished: The store did not take it; the old file is as it was.
    """
    unfinished = root / SCRATCH / ("-".join(path.relative_to(root).parts) + UNFINISHED)
    try:
        unfinished.parent.mkdir(mode=0o700, exist_ok=True)
        with open(unfinished, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(unfinished, path)
        sync_folder(path.parent)
    except OSError as error:
        with suppress(OSError):  # the next run tidies up
            unfinished.unlink(missing_ok=True)
        raise NotFinished(
            f"cannot write {path}: {error.strerror}; what is recorded is safe, run it again"
        ) from error


def remove_file(path: Path) -> None:
    """Remove a file for good, if it is there.

    Raises:
        NotFinished: The store refused.
    """
    try:
        path.unlink(missing_ok=True)
        sync_folder(path.parent)
    except OSError as error:
        raise NotFinished(f"cannot remove {path}: {error.strerror}") from error


def sync_folder(folder: Path) -> None:
    """Make what was renamed or removed in a folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
