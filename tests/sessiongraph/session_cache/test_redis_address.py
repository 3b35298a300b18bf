"""How a Redis is reached: over TLS, with a database number, by URL; and what of that errors show."""

import datetime
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from socket import create_connection, create_server, socket

import pytest
import redis
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from sessiongraph.errors import CacheUnavailableError, InvalidInputError
from sessiongraph.session_cache import open_session_cache
from sessiongraph.settings import Settings
from tests.conftest import RedisServer
from tests.support.session_caches import turn


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of localhost that nobody but the test knows, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "localhost.pem"
    pem, raw = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    path.write_bytes(key.private_bytes(pem, raw, serialization.NoEncryption()) + made.public_bytes(pem))
    return path


@pytest.fixture
def tls_port(redis_server: RedisServer, certificate: Path) -> Iterator[int]:
    """A port that speaks TLS alone, before the real Redis."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server = create_server(("127.0.0.1", 0))

    def copy(source: socket, target: socket) -> None:
        try:
            while data := source.recv(65536):
                target.sendall(data)
        except OSError:
            pass
        finally:
            source.close()
            target.close()

    def serve() -> None:
        while True:
            try:
                plain, _ = server.accept()
            except OSError:
                return
            try:
                client = context.wrap_socket(plain, server_side=True)
            except OSError:
                continue
            backend = create_connection((redis_server.host, redis_server.port))
            for pair in ((client, backend), (backend, client)):
                threading.Thread(target=copy, args=pair, daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    yield server.getsockname()[1]
    server.close()


def test_a_redis_that_takes_tls_alone_is_reached(tls_port: int, certificate: Path) -> None:
    url = f"rediss://localhost:{tls_port}/0?ssl_ca_certs={certificate}"
    cache = open_session_cache(Settings(cache_backend="redis", cache_url=url))
    cache.put_turns([turn("t1", session_id="tls")])
    assert [it.turn_id for it in cache.get_turns("ana", "tls")] == ["t1"]
    cache.close()


def test_tls_is_asked_for_by_a_setting_too(tls_port: int) -> None:
    settings = Settings(cache_backend="redis", cache_host="localhost", cache_port=tls_port, cache_tls=True)
    # The certificate is nobody's: that it is looked at shows that TLS was spoken.
    with pytest.raises(CacheUnavailableError, match="(?i)certificate"):
        open_session_cache(settings).check()


def test_databases_are_apart(redis_server: RedisServer) -> None:
    where = {"cache_backend": "redis", "cache_host": redis_server.host, "cache_port": redis_server.port}
    numbered = open_session_cache(Settings(**where, cache_database=3))
    by_url = open_session_cache(
        Settings(cache_backend="redis", cache_url=f"redis://{redis_server.host}:{redis_server.port}/3")
    )
    numbered.put_turns([turn("t1", session_id="third")])
    assert [it.turn_id for it in by_url.get_turns("ana", "third")] == ["t1"]
    assert open_session_cache(Settings(**where)).get_turns("ana", "third") == []
    redis.Redis(redis_server.host, redis_server.port, db=3).flushdb()


@pytest.mark.parametrize("password", ["p@ss:w/rd", "pass word%2F"])
def test_a_password_of_any_signs_arrives_and_is_not_shown(redis_server: RedisServer, password: str) -> None:
    with redis.Redis(redis_server.host, redis_server.port) as admin:
        admin.execute_command("ACL", "SETUSER", "ana", "on", f">{password}", "~*", "+@all")
        where = {"cache_backend": "redis", "cache_host": redis_server.host, "cache_port": redis_server.port}
        open_session_cache(Settings(**where, cache_username="ana", cache_password=password)).check()
        with pytest.raises(CacheUnavailableError) as caught:
            open_session_cache(Settings(**where, cache_username="ana", cache_password=password + "x")).check()
        assert password not in str(caught.value)
        admin.execute_command("ACL", "DELUSER", "ana")


@pytest.mark.parametrize("url", ["http://host:1/0", "localhost:6379", "redis://", "redis://host:port/0"])
def test_a_url_that_is_none_of_redis_is_refused(url: str) -> None:
    with pytest.raises(InvalidInputError, match="cache_url"):
        Settings(cache_url=url)


def test_a_url_in_the_place_of_a_host_is_refused_with_the_setting_that_takes_it() -> None:
    with pytest.raises(InvalidInputError, match=r"cache_host.*SESSIONGRAPH_CACHE_URL"):
        Settings(cache_host="rediss://example.com")
