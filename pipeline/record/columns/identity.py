"""Columns about the recording of a row, and about the making of the row."""

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
        definition="Address the file was read from. Path bytes that are not valid text are percent-encoded.",
    ),
    _identity(
        name="content_sha256",
        kind=Kind.STRING,
        required=True,
        definition="SHA-256 of the file's bytes in hexadecimal; equal files have equal values.",
        source="FIPS 180-4",
        blind_spot="Whether two files hold the same recording: another encoding or other tags give another value.",
    ),
    _identity(
        name="audio_hash",
        kind=Kind.STRING,
        definition="Hash of the audio without tags and container. Lossless integer audio: pcm: and the MD5 of its samples; "
        "float audio: float: and the MD5 of its float32 samples; lossy files: coded: and the SHA-256 of the coded audio.",
        source="The MD5 that FLAC declares (RFC 9639): signed, interleaved, little-endian; FIPS 180-4",
        blind_spot="Whether two files hold the same recording if one was encoded again, converted or cut.",
    ),
    _identity(
        name="source_bytes", kind=Kind.INT, unit="bytes", low=0, required=True, definition="Size of the file."
    ),
    _identity(
        name="source_version",
        kind=Kind.STRING,
        required=True,
        definition="Modification time of a local file in ns since 1970, or an object's generation or etag. "
        "A file has changed if this or source_bytes has changed.",
        blind_spot="Whether a file was rewritten with the same size and modification time.",
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
        definition="Number of decoded samples in each channel.",
    ),
    _identity(
        name="missing_s",
        kind=Kind.FLOAT,
        unit="s",
        low=0,
        definition="Audio that the file declares but that could not be decoded: the end of a truncated file that was "
        "accepted (note truncated), or a part of a block (note frames_missing). Null if nothing is known to be missing.",
        blind_spot="What is missing from a file that does not declare its length, such as a truncated Ogg file.",
    ),
    _identity(
        name="sample_rate_hz",
        kind=Kind.INT,
        unit="Hz",
        low=1,
        required=True,
        definition="Sample rate of the decoded audio; for DSD an eighth of its bit rate per channel.",
        blind_spot="Whether the recording was converted from another rate; see bandwidth_hz.",
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
        definition="File format: wav, rf64, w64, aiff, caf, au, flac, ogg or mp3; with the extra formats also mp4, adts, asf, "
        "matroska, wavpack, ape, tta, dsf or dff.",
    ),
    _identity(
        name="codec",
        kind=Kind.STRING,
        required=True,
        definition="How the samples are coded, such as pcm_s16, pcm_s24, pcm_f32, flac, alac, vorbis, opus, mp3, "
        "aac.",
    ),
    _identity(
        name="bit_depth",
        kind=Kind.INT,
        unit="bits",
        low=1,
        high=64,
        definition="Bits of each coded sample, 1 for DSD; null for lossy codecs, which have no such number.",
        blind_spot="How many of the bits carry signal; see effective_bits.",
    ),
    _identity(
        name="embedded",
        kind=Kind.TEXT_MAP,
        remarks=("unreadable", "cut"),
        definition="The file's own tags: lower-case name, as in Vorbis comments, and text of each. Also the bext chunk of "
        "Broadcast Wave, with its loudness in LUFS and dB. At most 64 KiB.",
        source="ID3, Vorbis comments, RIFF INFO and AIFF chunks, iTunes, ASF, APE and Matroska tags; EBU Tech 3285",
        blind_spot="Pictures; APE tags of MP3 files; tags of CAF, AU, Wave64, DSDIFF and RF64 files, but for bext.",
    ),
    _identity(
        name="tags",
        kind=Kind.TEXT_MAP,
        required=True,
        definition="The manifest's further columns: name and text of each. Empty if there are none.",
    ),
)

PROVENANCE = (
    _provenance(
        name="family_versions",
        kind=Kind.VERSIONS,
        definition="For each family, the version of its columns' definitions. identity stands for the columns about the "
        "file.",
    ),
    _provenance(
        name="software_version",
        kind=Kind.STRING,
        definition="Versions of Beamprint and of the libraries behind its computation.",
    ),
    _provenance(
        name="decoder_version",
        kind=Kind.STRING,
        definition="Names and versions of the libraries that decoded the file.",
    ),
    _provenance(
        name="analyzed_at",
        kind=Kind.TIME,
        definition="When the run that made the row started, in UTC. A retry within the run writes the same row.",
    ),
    _provenance(
        name="notes",
        kind=Kind.STRINGS,
        definition="Codes, sorted. column:code says why a column is null, or qualifies its value; "
        "a code alone is about the whole track.",
    ),
)
