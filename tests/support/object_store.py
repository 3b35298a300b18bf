"""An object store that speaks S3, on a port of this machine: moto, over HTTP."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch
from uuid import uuid4

import boto3
from moto.server import ThreadedMotoServer


class ObjectStore:
    """A server with a bucket. `url` is where files are kept in it, `variables` what processes are told of it."""

    def __init__(self, address: str = "127.0.0.1") -> None:
        logging.getLogger("werkzeug").setLevel(logging.CRITICAL)
        self._address, self._port = address, 0
        self.start()
        self.variables = {
            "AWS_ENDPOINT_URL": f"http://{address}:{self._port}",
            "AWS_ACCESS_KEY_ID": "anybody",
            "AWS_SECRET_ACCESS_KEY": "nothing",
            "AWS_DEFAULT_REGION": "us-east-1",
        }
        self._made = self._client()
        self.bucket = f"bucket-{uuid4().hex[:8]}"
        self._made.create_bucket(Bucket=self.bucket)

    @property
    def url(self) -> str:
        """A folder of its own at each call."""
        return f"s3://{self.bucket}/{uuid4().hex[:8]}"

    def put(self, key: str, content: bytes) -> None:
        """As another program does."""
        self._made.put_object(Bucket=self.bucket, Key=key, Body=content)

    def list_keys(self) -> list[str]:
        """Of all that is in the bucket."""
        found = self._made.list_objects_v2(Bucket=self.bucket).get("Contents", [])
        return [it["Key"] for it in found]

    def start(self) -> None:
        """Answer, with all that was put there before."""
        self._server = ThreadedMotoServer(self._address, self._port)
        self._server.start()
        self._port = self._server.get_host_and_port()[1]

    def stop(self) -> None:
        """Answer nobody."""
        self._server.stop()

    def _client(self) -> "boto3.client":
        return boto3.client(
            "s3",
            endpoint_url=self.variables["AWS_ENDPOINT_URL"],
            aws_access_key_id=self.variables["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self.variables["AWS_SECRET_ACCESS_KEY"],
            region_name=self.variables["AWS_DEFAULT_REGION"],
        )


@contextmanager
def object_store() -> Iterator[ObjectStore]:
    """One that this process is told of."""
    store = ObjectStore()
    try:
        with patch.dict("os.environ", store.variables):
            yield store
    finally:
        store.stop()
