"""A bucket whose objects are written only when their content changes, and never over somebody else's write."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from airflow.providers.google.cloud.hooks.gcs import GCSHook
from google.api_core.exceptions import NotFound, PreconditionFailed
from google.cloud import storage

from edx_warehouse.domain.errors import Problem, Transient


@dataclass(frozen=True)
class Stored:
    """An object as the bucket describes it.

    :param sha256: of the bytes, as the writer declared it; empty when somebody else wrote the object.
    :param metadata: further custom metadata.
    :param metageneration: grows with each change of the metadata of a generation.
    """

    name: str
    size: int
    generation: int
    sha256: str
    metadata: Mapping[str, str] = field(default_factory=dict)
    metageneration: int = 0


def sha256_of(content: Path | bytes) -> str:
    """Return the hexadecimal SHA-256 of a file or of bytes."""
    if isinstance(content, bytes):
        return hashlib.sha256(content).hexdigest()
    with content.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class Bucket:
    """One bucket, through Google's own client."""

    def __init__(self, client: storage.Client, name: str) -> None:
        self.client = client
        self.name = name

    @classmethod
    def connect(cls, name: str, gcp_conn_id: str) -> "Bucket":
        """Return the bucket as seen through an Airflow connection."""
        return cls(GCSHook(gcp_conn_id=gcp_conn_id).get_conn(), name)

    def uri(self, name: str) -> str:
        """Return an object's address."""
        return f"gs://{self.name}/{name}"

    def stat(self, name: str) -> Stored | None:
        """Describe an object, or return None when there is none."""
        blob = self.client.bucket(self.name).get_blob(name)
        return None if blob is None else _stored(blob)

    def require(self, name: str, sha256: str, generation: int | None = None) -> Stored:
        """Describe an object that has to have a content, and to be of a generation when one is given.

        :raises Transient: ``E-BKT-101`` when it is another one, or gone.
        """
        stored = self.stat(name)
        if stored is None or stored.sha256 != sha256 or generation not in (None, stored.generation):
            raise self._moved(name)
        return stored

    def objects(self, prefix: str) -> list[Stored]:
        """Describe the objects below a prefix, in the order of their names."""
        blobs = self.client.list_blobs(self.name, prefix=prefix)
        return sorted((_stored(blob) for blob in blobs), key=lambda it: it.name)

    def match(self, glob: str) -> list[Stored]:
        """Describe the objects whose names match a glob, in the order of their names."""
        blobs = self.client.list_blobs(self.name, match_glob=glob)
        return sorted((_stored(blob) for blob in blobs), key=lambda it: it.name)

    def read(self, name: str) -> bytes | None:
        """Return an object's bytes, or None when there is none."""
        try:
            return bytes(self.client.bucket(self.name).blob(name).download_as_bytes(raw_download=True))
        except NotFound:
            return None

    def download(self, stored: Stored, path: Path) -> None:
        """Write exactly the described generation of an object to a file.

        :raises Transient: ``E-BKT-101`` when the object was replaced meanwhile.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        blob = self.client.bucket(self.name).blob(stored.name, generation=stored.generation)
        try:
            blob.download_to_filename(str(path), raw_download=True)
        except NotFound as error:
            raise self._moved(stored.name) from error
        if stored.sha256 and sha256_of(path) != stored.sha256:
            raise self._moved(stored.name)

    def put(self, name: str, content: Path | bytes, metadata: Mapping[str, str] | None = None) -> bool:
        """Write an object unless it has this content already; return whether anything was written.

        :param metadata: custom metadata, which is put right even when the content is the same.
        :raises Transient: ``E-BKT-101`` when another writer was faster.
        """
        wanted = {**(metadata or {}), "sha256": sha256_of(content)}
        existing = self.stat(name)
        if existing and existing.sha256 == wanted["sha256"]:
            if {**existing.metadata, "sha256": existing.sha256} == wanted:
                return False
            self.label(existing, wanted)
            return True
        blob = self.client.bucket(self.name).blob(name)
        blob.metadata = wanted
        options = {
            "content_type": "application/json" if name.endswith(".json") else "application/octet-stream",
            "if_generation_match": existing.generation if existing else 0,
            "checksum": "crc32c",
        }
        try:
            if isinstance(content, bytes):
                blob.upload_from_string(content, **options)
            else:
                blob.upload_from_filename(str(content), **options)
        except PreconditionFailed as error:
            # Our own write whose answer was lost looks the same as another writer's: the content decides.
            now = self.stat(name)
            if now is None or now.sha256 != wanted["sha256"]:
                raise self._moved(name) from error
        return True

    def label(self, stored: Stored, metadata: Mapping[str, str]) -> Stored:
        """Replace the custom metadata of an object as it was described; return it as it is then.

        :param metadata: all there is to be; ``sha256`` among it vouches for the bytes.
        :raises Transient: ``E-BKT-101`` when the object, or its metadata, changed meanwhile.
        """
        blob = self.client.bucket(self.name).blob(stored.name)
        # Keys that are not mentioned would stay.
        blob.metadata = {**dict.fromkeys(stored.metadata), **metadata}
        try:
            blob.patch(if_generation_match=stored.generation, if_metageneration_match=stored.metageneration)
        except (NotFound, PreconditionFailed) as error:
            # Our own change whose answer was lost looks the same as another writer's: what is there now decides.
            now = self.stat(stored.name)
            if now and now.generation == stored.generation and {**now.metadata, "sha256": now.sha256} == {**metadata}:
                return now
            raise self._moved(stored.name) from error
        return _stored(blob)

    def copy(self, source: Stored, name: str) -> bool:
        """Copy an object inside the bucket unless the target has its content already."""
        existing = self.stat(name)
        if existing and source.sha256 and existing.sha256 == source.sha256:
            return False
        bucket = self.client.bucket(self.name)
        bucket.copy_blob(
            bucket.blob(source.name),
            bucket,
            name,
            source_generation=source.generation,
            if_generation_match=existing.generation if existing else 0,
        )
        return True

    def delete(self, names: Iterable[str]) -> None:
        """Delete objects; those that are gone already are no error."""
        for name in names:
            try:
                self.client.bucket(self.name).delete_blob(name)
            except NotFound:
                continue

    def _moved(self, name: str) -> Transient:
        return Transient(
            Problem(
                code="E-BKT-101",
                unit="bucket",
                file=self.uri(name),
                expected="to be the only writer",
                found="that the object changed meanwhile",
                done="nothing was overwritten",
                next="nothing: the task tries again with the object as it is now",
            )
        )


def _stored(blob: storage.Blob) -> Stored:
    metadata = {name: it for name, it in (blob.metadata or {}).items() if it is not None}
    sha256 = metadata.pop("sha256", "")
    return Stored(blob.name, blob.size or 0, int(blob.generation or 0), sha256, metadata, int(blob.metageneration or 0))
