"""Keep releases where every machine finds them: in the bucket of Terraform's states, by hash.

That bucket stands before anything else does, is private and versioned, and whoever may change the state may
change what runs. A package is checked against its hash whenever it is taken down.
"""

import base64
import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tools.release.fault import ReleaseFault
from tools.release.record import Ledger, Leftovers, Release

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

CHUNK_BYTES: Final = 1 << 20
UNNUMBERED: Final = ("leftovers", "ledger", "lock")  # what is no release


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """The kept releases of one stage."""

    s3: "S3Client"
    bucket: str
    stage: str

    def keep(self, release: Release, package: Path) -> None:
        """Put a release and its package on the shelf; the same again changes nothing."""
        digest = sha256(package)
        checksum = base64.b64encode(bytes.fromhex(digest)).decode()
        with package.open("rb") as content:
            self.s3.put_object(
                Bucket=self.bucket, Key=self._package(digest), Body=content, ChecksumSHA256=checksum
            )
        self._put(f"{release.id}.json", release.to_json())

    def release(self, release_id: str) -> Release:
        """Return a release by its id. Raises: ReleaseFault if it isn't what was kept."""
        found = self._get(f"{release_id}.json")
        if found is None:
            raise ReleaseFault(f"Release {release_id[:12]} is no longer kept")
        release = Release.of_json(found)
        if release.id != release_id:
            raise ReleaseFault(f"Release {release_id[:12]} was changed after it was kept: it is not deployed")
        return release

    def package(self, release: Release, folder: Path) -> Path:
        """Return a release's package, fetched and compared with its hash. Raises: ReleaseFault."""
        path = folder / "package.zip"
        self.s3.download_file(self.bucket, self._package(release.package_sha256), str(path))
        if sha256(path) != release.package_sha256:
            raise ReleaseFault(
                f"The package of {release.name} was changed after it was kept: it is not deployed"
            )
        return path

    def keep_only(self, release_ids: Collection[str]) -> None:
        """Delete every release but these, and the packages that none of these needs.

        Raises: ReleaseFault if one of these isn't what was kept: before anything is deleted.
        """
        kept = {self._key(name) for name in UNNUMBERED}
        for release_id in release_ids:
            package = self.release(release_id).package_sha256
            kept |= {self._key(f"{release_id}.json"), self._package(package)}
        pages = self.s3.get_paginator("list_objects_v2").paginate(
            Bucket=self.bucket, Prefix=f"{self._folder}/"
        )
        found = [one["Key"] for page in pages for one in page.get("Contents", [])]
        for old in set(found) - kept:
            self.s3.delete_object(Bucket=self.bucket, Key=old)

    def ledger(self) -> Ledger:
        """Return what earlier releases left; nothing before the first."""
        found = self._get("ledger")
        return Ledger() if found is None else Ledger.of_json(found)

    def write(self, ledger: Ledger) -> None:
        """Keep the ledger."""
        self._put("ledger", ledger.to_json())

    def leftovers(self) -> Leftovers:
        """Return what AWS kept of earlier stages of this name."""
        found = self._get("leftovers")
        return Leftovers() if found is None else Leftovers.of_json(found)

    def write_leftovers(self, leftovers: Leftovers) -> None:
        """Keep that list."""
        self._put("leftovers", leftovers.to_json())

    def _package(self, digest: str) -> str:
        return self._key(f"packages/{digest}.zip")

    def _key(self, name: str) -> str:
        return f"{self._folder}/{name}"

    @property
    def _folder(self) -> str:
        return f"serenya-auth/releases/{self.stage}"

    def _put(self, name: str, text: str) -> None:
        self.s3.put_object(Bucket=self.bucket, Key=self._key(name), Body=text.encode())

    def _get(self, name: str) -> bytes | None:
        try:
            return self.s3.get_object(Bucket=self.bucket, Key=self._key(name))["Body"].read()
        except self.s3.exceptions.NoSuchKey:
            return None


def sha256(path: Path) -> str:
    """Return the hash of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as content:
        while chunk := content.read(CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()
