"""Objects of a bucket: read, listed, and written on a condition, in one sentence where it fails."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from korpu.errors import Infrastructure, UsageError

LOST = ("PreconditionFailed", "ConditionalRequestConflict", "412", "409")
MISSING = ("NoSuchKey", "404", "NotFound")
REFUSED = ("AccessDenied", "403", "401", "InvalidAccessKeyId", "SignatureDoesNotMatch")
ATTEMPTS = 5  # of a request, with botocore's backoff; AWS_MAX_ATTEMPTS is another number
PART = 64 << 20  # bytes of a part of a large file


@dataclass(frozen=True)
class Objects:
    """A bucket below a prefix; keys are relative to it."""

    client: Any
    bucket: str
    prefix: str

    @staticmethod
    def of(bucket: str, prefix: str) -> Objects:
        """Raises ``UsageError`` without boto3."""
        try:
            import boto3
            from botocore.config import Config
        except ImportError:
            raise UsageError(
                "release.registry: s3:// needs boto3; install it with `pip install 'korpu[s3]'`"
            ) from None
        attempts = int(os.environ.get("AWS_MAX_ATTEMPTS", ATTEMPTS))
        settings = Config(
            connect_timeout=10,
            read_timeout=60,
            retries={"mode": "standard", "total_max_attempts": attempts},
        )
        region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION", "us-east-1")
        with _asked(bucket):
            client = boto3.session.Session().client("s3", region_name=region, config=settings)
        return Objects(client, bucket, f"{prefix}/" if prefix else "")

    def get(self, key: str) -> tuple[bytes, str] | None:
        """The bytes and the ETag of a small object, or None."""
        with _asked(self.bucket):
            found = _or_none(self.client.get_object, Bucket=self.bucket, Key=self.prefix + key)
            return (found["Body"].read(), found["ETag"]) if found else None

    def size(self, key: str) -> int | None:
        """The bytes of an object, or None."""
        with _asked(self.bucket):
            found = _or_none(self.client.head_object, Bucket=self.bucket, Key=self.prefix + key)
            return int(found["ContentLength"]) if found else None

    def put(
        self, key: str, data: bytes, *, new: bool = False, instead_of: str | None = None
    ) -> bool:
        """Put an object if there is none (``new``) or it has an ETag; False where that failed."""
        from botocore.exceptions import ClientError

        condition = {"IfNoneMatch": "*"} if new else {"IfMatch": instead_of} if instead_of else {}
        with _asked(self.bucket):
            try:
                self.client.put_object(
                    Bucket=self.bucket, Key=self.prefix + key, Body=data, **condition
                )
            except ClientError as error:
                if condition and error.response["Error"]["Code"] in LOST:
                    return False
                raise
        return True

    def upload(self, path: Path, key: str) -> None:
        """A file, in parts where it is large; it appears when its last part is there."""
        from boto3.s3.transfer import TransferConfig

        parts = TransferConfig(multipart_threshold=PART, multipart_chunksize=PART)
        with _asked(self.bucket):
            self.client.upload_file(str(path), self.bucket, self.prefix + key, Config=parts)

    def download(self, key: str, target: Path) -> None:
        """The bytes of an object, as many as come."""
        from botocore.exceptions import IncompleteReadError, ResponseStreamingError

        with _asked(self.bucket), target.open("wb") as stream:
            found = self.client.get_object(Bucket=self.bucket, Key=self.prefix + key)
            # a connection that breaks leaves a short file, which the caller finds short
            with contextlib.suppress(IncompleteReadError, ResponseStreamingError):
                for block in found["Body"].iter_chunks(1 << 20):
                    stream.write(block)

    def keys(self, under: str) -> list[str]:
        """The keys that begin so, sorted."""
        with _asked(self.bucket):
            pages = self.client.get_paginator("list_objects_v2").paginate(
                Bucket=self.bucket, Prefix=self.prefix + under
            )
            found = [row["Key"] for page in pages for row in page.get("Contents", ())]
        return sorted(key.removeprefix(self.prefix) for key in found)

    def folders(self, under: str) -> list[str]:
        """The names right below, of keys that go on with `/`."""
        whole = self.prefix + under
        with _asked(self.bucket):
            pages = self.client.get_paginator("list_objects_v2").paginate(
                Bucket=self.bucket, Prefix=whole, Delimiter="/"
            )
            found = [row["Prefix"] for page in pages for row in page.get("CommonPrefixes", ())]
        return sorted(name.removeprefix(whole).rstrip("/") for name in found)

    def delete(self, keys: Sequence[str]) -> None:
        """Delete objects; one that is not there is fine."""
        with _asked(self.bucket):
            for key in keys:
                self.client.delete_object(Bucket=self.bucket, Key=self.prefix + key)


def _or_none(ask: Any, **words: str) -> Any:
    from botocore.exceptions import ClientError

    try:
        return ask(**words)
    except ClientError as error:
        if error.response["Error"]["Code"] in MISSING:
            return None
        raise


@contextlib.contextmanager
def _asked(bucket: str) -> Iterator[None]:
    """Say what failed, as an error of korpu. Messages of botocore hold no secrets but long URLs."""
    from boto3.exceptions import Boto3Error
    from botocore.exceptions import (
        BotoCoreError,
        ClientError,
        NoCredentialsError,
        PartialCredentialsError,
    )

    try:
        yield
    except (NoCredentialsError, PartialCredentialsError) as error:
        raise UsageError(
            f"s3://{bucket} needs a login; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or "
            "AWS_PROFILE"
        ) from error
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code == "NoSuchBucket":
            raise UsageError(f"there is no bucket {bucket}; make it, or correct s3://") from error
        if code in REFUSED:
            raise UsageError(f"s3://{bucket} refuses this login ({code})") from error
        raise Infrastructure(f"s3://{bucket} failed ({code}); run it again later") from error
    except (Boto3Error, BotoCoreError) as error:
        kind = type(error).__name__
        raise Infrastructure(
            f"s3://{bucket} cannot be reached or broke off ({kind}); what arrived is kept, run it "
            "again"
        ) from error
