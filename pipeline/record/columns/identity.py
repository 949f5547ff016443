"""Columns that say which recording a row is about, and how the row was made."""

from functools import partial

from beamprint.pipeline.record.columns.column import Column, Group, Kind

_identity = partial(Column, group=Group.IDENTITY)
_provenance = partial(Column, group=Group.PROVENANCE, required=True)

IDENTITY = (
    _identity(
        name="track_id",
        kind=Kind.STRING,
        required=True,
        definition="Key of the row: the manifest's track_id, else the path below the input folder, else the uri.",
    ),
    _identity(
        name="uri",
        kind=Kind.STRING,
        required=True,
        definition="Where the file was read. Path bytes that are not valid text are percent-encoded.",
    ),
    _identity(
        name="content_sha256",
        kind=Kind.STRING,
        required=True,
        definition="SHA-256 of the file's bytes in hexadecimal; equal files have equal values.",
        source="FIPS 180-4",
        blind_spot="Two encodings, or two taggings, of the same recording differ.",
    ),
    _identity(
        name="source_bytes", kind=Kind.INT, unit="bytes", low=0, required=True, definition="Size of the file."
    ),
    _identity(
        name="source_version",
        kind=Kind.STRING,
        required=True,
        definition="Modification time of a local file in ns since 1970, or an object's generation or etag. "
        "With source_bytes it decides whether a file has changed.",
        blind_spot="A file rewritten with the same size and modification time.",
    ),
    _identity(
        name="duration_s",
        kind=Kind.FLOAT,
        unit="s",
        low=0,
        required=True,
        definition="Length of the decoded audio: frames / sample_rate_hz.",
    ),
    _identity(
        name="frames",
        kind=Kind.INT,
        unit="samples",
        low=1,
        required=True,
        definition="Decoded samples a channel.",
    ),
    _identity(
        name="sample_rate_hz",
        kind=Kind.INT,
        unit="Hz",
        low=1,
        required=True,
        definition="Sample rate of the file as decoded.",
        blind_spot="The rate of the recording before it was converted; see bandwidth_hz.",
    ),
    _identity(
        name="channels",
        kind=Kind.INT,
        low=1,
        high=8,
        required=True,
        definition="Number of channels in the file.",
    ),
    _identity(
        name="container",
        kind=Kind.STRING,
        required=True,
        definition="File format, such as WAV, FLAC, OGG, MP3.",
    ),
    _identity(
        name="codec",
        kind=Kind.STRING,
        required=True,
        definition="How the samples are coded, such as PCM_16, FLOAT, VORBIS, OPUS, MPEG_LAYER_III.",
    ),
    _identity(
        name="bit_depth",
        kind=Kind.INT,
        unit="bits",
        low=1,
        high=64,
        definition="Word length of the coded samples; null for lossy codecs, which have none.",
        blind_spot="How many of the bits carry signal; see effective_bits.",
    ),
    _identity(
        name="tags",
        kind=Kind.TEXT_MAP,
        required=True,
        definition="The manifest's further columns, name to text; empty where there are none.",
    ),
)

PROVENANCE = (
    _provenance(
        name="family_versions",
        kind=Kind.VERSIONS,
        definition="Version of the definitions that each family's columns were made with; identity stands for the "
        "columns about the file.",
    ),
    _provenance(
        name="software_version",
        kind=Kind.STRING,
        definition="Version of Beamprint and of the libraries it computed with.",
    ),
    _provenance(
        name="decoder_version",
        kind=Kind.STRING,
        definition="Name and version of the library that decoded the file.",
    ),
    _provenance(
        name="analyzed_at",
        kind=Kind.TIME,
        definition="Start of the run that made the row, in UTC; a retry within the run writes the same row.",
    ),
    _provenance(
        name="notes",
        kind=Kind.STRINGS,
        definition="Sorted codes: name:code says why a column is null or qualifies its value; "
        "a bare code is about the whole track.",
    ),
)
