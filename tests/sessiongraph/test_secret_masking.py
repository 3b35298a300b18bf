"""What would stay readable for ever, and which harmless words would be blotted out."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from sessiongraph.secret_masking import mask, mask_together, told
from tests.support.secrets import AWS_KEY, GITHUB, HARMLESS, SECRETS


@pytest.mark.parametrize(("text", "secret", "kind"), SECRETS)
def test_a_secret_is_masked_as_what_it_is(text: str, secret: str, kind: str) -> None:
    masked = mask(text)
    assert secret not in masked.text and f"[secret: {kind}]" in masked.text
    assert masked.counts == {kind: 1}
    assert mask(masked.text).text == masked.text


@pytest.mark.parametrize("text", HARMLESS)
def test_what_only_looks_like_one_is_left_as_it_is(text: str) -> None:
    assert mask(text).text == text


def test_what_stands_around_a_secret_stays() -> None:
    assert mask("Ana's password is hunter2, and she lives in Rome.").text == (
        "Ana's password is [secret: password], and she lives in Rome."
    )
    assert mask("ftp://ana:tr0ub4dor@example.com/a").text == "ftp://ana:[secret: password]@example.com/a"


def test_a_secret_is_masked_wherever_it_is_repeated() -> None:
    texts, counts = mask_together(["My password is hunter2. hunter2 is easy.", "I noted hunter2 for you."])
    assert "hunter2" not in "".join(texts) and counts == {"password": 3}
    assert told(counts) == "3 secrets were masked (password)"


def test_several_kinds_are_counted() -> None:
    assert told(mask(f"{AWS_KEY} and {GITHUB}").counts) == "2 secrets were masked (AWS Access Key, GitHub Token)"


def test_hostile_texts_take_no_more_than_their_length() -> None:
    for hostile in (
        "-----BEGIN PRIVATE KEY-----" * 8000,
        "password for " * 16000,
        "://a:" * 40000,
        "xoxb-1" + "-1" * 99999,
    ):
        begun = time.process_time()
        mask(hostile)
        assert time.process_time() - begun < 5


def test_the_log_and_the_warnings_of_the_process_are_left_alone(project_root: Path) -> None:
    script = f"""
import logging, sys, warnings
from sessiongraph.secret_masking import mask
before = warnings.showwarning
assert mask("Harmless, and 12345.").text and "detect_secrets" not in sys.modules
assert mask({GITHUB!r}).counts and "detect_secrets" in sys.modules
assert warnings.showwarning is before and not logging.getLogger().handlers
logging.captureWarnings(True)
assert warnings.showwarning is not before
"""
    subprocess.run([sys.executable, "-c", script], cwd=project_root, check=True, timeout=60)
