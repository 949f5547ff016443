"""Version of the partials in scratch storage."""

from beamprint.pipeline.record.assembly import software_version
from beamprint.pipeline.record.versions import FAMILY_VERSIONS
from beamprint.transforms.audio.decoders.decoders import decoder_versions


def partials_version() -> str:
    """Versions of definitions, program and decoders: partials of other versions are useless."""
    return repr((dict(FAMILY_VERSIONS), software_version(), decoder_versions()))
