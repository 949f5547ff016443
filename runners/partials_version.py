"""What partials that are kept in scratch storage depend on."""

from beamprint.pipeline.record.assembly import software_version
from beamprint.pipeline.record.versions import FAMILY_VERSIONS
from beamprint.transforms.audio.decoders import decoder_versions


def partials_version() -> str:
    """Definitions, program and decoders: partials of any other are of no use."""
    return repr((dict(FAMILY_VERSIONS), software_version(), decoder_versions()))
