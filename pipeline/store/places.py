"""The store that an ``--output`` names."""

import os
import re

from beamprint.pipeline.errors import UsageError
from beamprint.pipeline.store.folder import FolderStore
from beamprint.pipeline.store.object_store import ObjectStore
from beamprint.pipeline.store.store import Store
from beamprint.transforms.audio.sources.objects import is_object, split

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):/")


def store_at(output: str) -> Store:
    """Store of a dataset.

    Raises:
        UsageError: The kind of store is not supported, or a file has this name.
    """
    if not output:
        raise UsageError("the output is empty; name a folder, . for this one")
    if is_object(output):
        return _in_bucket(output)
    scheme = _SCHEME.match(output)
    if scheme:
        raise UsageError(f"output {output}: {scheme[1]}:// is not supported; give a folder, s3:// or gs://")
    root = os.path.abspath(os.path.expanduser(output))
    if os.path.exists(root) and not os.path.isdir(root):
        raise UsageError(f"output {output} is not a folder")
    return FolderStore(root)


def _in_bucket(output: str) -> ObjectStore:
    bucket, prefix = split(output)
    if bucket.endswith("://"):
        raise UsageError(f"output {output} names no bucket")
    parts = [part for part in prefix.split("/") if part]
    if {".", ".."}.intersection(parts):
        raise UsageError(f"output {output}: there are no . and .. in a store")
    return ObjectStore("/".join([bucket, *parts]))
