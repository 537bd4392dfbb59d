"""Artefacts in an S3 of this machine: kept, copied, backed up; what fails is told in a line."""

from __future__ import annotations

import hashlib
import traceback
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
import s3fs
from moto.server import ThreadedMotoServer

from graphdb.errors import ZooError
from graphdb.store import Store
from tests.graphdb.zoos import write
from tests.production.full import ARTIFACT, fill
from tests.stores import Place
from zoo.artifacts import copy_artifact, read_artifact, write_artifact
from zoo.backup_files import artifacts_of
from zoo.backups import backup
from zoo.moving import push
from zoo.sources import generate_history
from zoo.training import train

BUCKET = "zoo-artifacts"
SHA256 = hashlib.sha256(ARTIFACT).hexdigest()
ACCESS = {
    "AWS_ACCESS_KEY_ID": "hunter22key", "AWS_SECRET_ACCESS_KEY": "hunter22secret",
    "AWS_DEFAULT_REGION": "us-east-1", "AWS_MAX_ATTEMPTS": "1",
}  # fmt: skip


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    s3 = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    s3.start()
    host, port = s3.get_host_and_port()
    yield f"http://{host}:{port}"
    s3.stop()


@pytest.fixture
def endpoint(server: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The environment of somebody who may do everything, and a bucket."""
    for name, value in {**ACCESS, "AWS_ENDPOINT_URL": server}.items():
        monkeypatch.setenv(name, value)
    s3fs.S3FileSystem.clear_instance_cache()
    boto3.client("s3").create_bucket(Bucket=BUCKET)
    return server


def test_artefacts_are_kept_copied_and_backed_up(
    endpoint: str, embedded_session: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    embedded_session.empty()
    here, there = f"s3://{BUCKET}/here/", f"s3://{BUCKET}/there"
    monkeypatch.setenv("ZOO_ARTIFACTS", here)
    with Store.open(embedded_session.address) as store:
        fill(store, embedded_session)
        assert backup(store, tmp_path / "zoo.backup").artifacts == 1
        assert list(artifacts_of(tmp_path / "zoo.backup")) == [("l1.zip", ARTIFACT)]
        with Store.open(f"embedded:{tmp_path / 'other'}") as target:
            assert push(store, target).artifacts == 0, "both stores keep theirs in one place"
        assert copy_artifact("l1.zip", sha256=SHA256, source=here.rstrip("/"), target=there)
        assert not copy_artifact("l1.zip", sha256=SHA256, source=here.rstrip("/"), target=there)
        monkeypatch.setenv("ZOO_ARTIFACTS", "s3://no-such-bucket")
        assert backup(store, tmp_path / "without.backup").artifacts == 0
    found = boto3.client("s3").list_objects_v2(Bucket=BUCKET)["Contents"]
    assert [each["Key"] for each in found] == ["here/l1.zip", "there/l1.zip"], "or drafts are left"


def _say(url: str) -> list[str]:
    """What writing to a place and reading from it say."""
    told = []
    for use in (
        lambda: write_artifact("l1.zip", ARTIFACT, url=url),
        lambda: read_artifact("l1.zip", sha256=SHA256, url=url),
    ):
        s3fs.S3FileSystem.clear_instance_cache()
        with pytest.raises(ZooError, match=r"l1\.zip") as caught:
            use()
        assert "hunter22" not in "".join(traceback.format_exception(caught.value))
        told.append(str(caught.value))
    assert all(url in line and "ZOO_ARTIFACTS" in line and "\n" not in line for line in told)
    return told


def test_a_bucket_that_is_not_there_is_told_and_not_made(endpoint: str) -> None:
    written, read = _say("s3://no-such-bucket/zoo")
    assert "Cannot write" in written and ": NoSuchBucket." in written
    assert "is not under" in read and "NoSuchBucket" in read
    assert [each["Name"] for each in boto3.client("s3").list_buckets()["Buckets"]] == [BUCKET]


def test_a_place_is_tried_before_a_learner_is_trained(
    endpoint: str, embedded_session: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    embedded_session.empty()
    monkeypatch.setenv("ZOO_ARTIFACTS", f"s3://{BUCKET}/new")
    seen: list[str] = []
    with Store.open(embedded_session.address) as store:
        write(store, generate_history(models=15, datasets=4, records_per_model=None, seed=1))
        learner = "inductive-kernel"
        train(store, learner=learner, progress=lambda done, what: seen.append(what))
        assert seen
        seen.clear()
        monkeypatch.setenv("ZOO_ARTIFACTS", "s3://no-such-bucket")
        with pytest.raises(ZooError, match="NoSuchBucket"):
            train(store, learner=learner, progress=lambda done, what: seen.append(what))
        assert not seen
    found = boto3.client("s3").list_objects_v2(Bucket=BUCKET, Prefix="new/")["Contents"]
    assert [Path(each["Key"]).suffix for each in found] == [".zip"]


def test_an_endpoint_that_is_not_there_is_told(
    endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    assert all("EndpointConnectionError" in line for line in _say(f"s3://{BUCKET}/zoo"))


def test_who_may_not_and_who_is_not_known_are_told(
    endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    iam = boto3.client("iam")
    iam.create_user(UserName="nobody")
    made = iam.create_access_key(UserName="nobody")["AccessKey"]
    _ask_for_rights(endpoint, after=0)
    try:
        written, read = _say(f"s3://{BUCKET}/zoo")
        assert ": ClientError InvalidAccessKeyId." in written and "ClientError 403" in read
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", made["AccessKeyId"])
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", made["SecretAccessKey"])
        written, read = _say(f"s3://{BUCKET}/zoo")
        assert ": AccessDenied." in written and "ClientError 403" in read
    finally:
        _ask_for_rights(endpoint, after=1_000_000)


def _ask_for_rights(endpoint: str, *, after: int) -> None:
    """The server looks at keys and rights after so many questions."""
    words = str(after).encode(), {"Content-Type": "text/plain"}
    urllib.request.urlopen(
        urllib.request.Request(f"{endpoint}/moto-api/reset-auth", *words)
    ).close()
