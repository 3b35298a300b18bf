"""`users key …` as an operator types it."""

from pathlib import Path

from tests.support.terminal import Terminal


def test_a_key_is_made_listed_and_revoked(tmp_path: Path):
    cli = Terminal(tmp_path)
    assert cli("users", "create", "ana").code == 0
    made = cli("users", "key", "create", "ana", "--scope", "read", "--days", "30")
    key = made.out.strip()
    assert made.code == 0 and key.startswith("sgk_") and "Authorization: Bearer" in made.err
    [listed] = cli("users", "key", "list", "ana", "--json").json
    assert (listed["scope"], listed["state"]) == ("read", "active") and key not in str(listed)
    assert cli("users", "key", "revoke", "ana", listed["id"]).code == 0
    assert cli("users", "key", "list", "ana", "--json").json[0]["state"] == "revoked"
    assert cli("users", "key", "create", "nobody").code == 2
    assert cli("users", "key", "create", "ana", "--scope", "root").code == 2
