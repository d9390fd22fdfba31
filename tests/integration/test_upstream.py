# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses that give nothing, something else, too much or too little: each in its way, and the next one is asked."""

import re
import resource
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import certifi
import pytest
from integration.web import CLOSED, CONTENT, HASTY, LIMITS, SUM, Handler, Server, source

from ruckus_aux.recipes.manifest import sha256_of
from ruckus_aux.sources.download import fetch
from ruckus_aux.sources.provider import Unavailable, Watcher
from ruckus_aux.sources.upstream import Upstream
from ruckus_aux.words.errors import RuckusError


def why_not(*urls: str, partial: Path) -> str:
    """What a provider says that can't give a file."""
    with pytest.raises(Unavailable) as caught:
        Upstream(HASTY).fetch(source(*urls), partial, Watcher())
    return str(caught.value)


def page(handler: Handler) -> None:
    body = b"<!DOCTYPE html><p>please log in"
    handler.begin(200, {"Content-Length": str(len(body))})
    handler.wfile.write(body)


def changed(handler: Handler) -> None:
    handler.begin(200, {})
    handler.wfile.write(CONTENT[:-1] + b"!")


def no_number(handler: Handler) -> None:
    handler.begin(200, {"Content-Length": "many"})
    handler.wfile.write(b"x" * 99)


def negative(handler: Handler) -> None:
    handler.begin(200, {"Content-Length": "-7"})


def digits(handler: Handler) -> None:
    handler.begin(200, {"Content-Length": "9" * 5000})


def two_lengths(handler: Handler) -> None:
    handler.begin(200, {"Content-Length": "5, 7"})


def huge(handler: Handler) -> None:
    handler.begin(200, {"Content-Length": str(10**15)})


def endless(handler: Handler) -> None:
    handler.begin(200, {})
    while True:
        handler.wfile.write(bytes(1 << 20))


def broken_chunks(handler: Handler) -> None:
    handler.begin(200, {"Transfer-Encoding": "chunked"})
    handler.wfile.write(b"zz\r\nnot a length\r\n")


def no_http(handler: Handler) -> None:
    handler.wfile.write(b"220 ftp.example ready\r\n")


def nothing(handler: Handler) -> None:
    pass


def later(header: str) -> Callable[[Handler], None]:
    return lambda handler: handler.begin(503, {"Retry-After": header})


def leads(location: str) -> Callable[[Handler], None]:
    return lambda handler: handler.begin(302, {"Location": location})


def dribbles(handler: Handler) -> None:
    handler.begin(200, {"Content-Length": str(len(CONTENT))})
    while True:
        handler.wfile.write(b"a")
        time.sleep(0.05)


def stalls(handler: Handler) -> None:
    handler.begin(200, {"Content-Length": str(len(CONTENT))})
    handler.wfile.write(CONTENT[:1000])
    time.sleep(5)


def dribbles_its_head(handler: Handler) -> None:
    handler.wfile.write(b"HTTP/1.0 200 OK\r\nServer: ")
    while True:
        handler.wfile.write(b"a")
        time.sleep(0.05)


def silent(handler: Handler) -> None:
    time.sleep(5)


@pytest.mark.parametrize(
    ("odd", "text"),
    [
        (page, "(a web page); nothing of it was kept"),
        (changed, "is not what the manifest pins"),
        (no_number, "is not what the manifest pins"),
        (negative, "is not what the manifest pins"),
        (digits, "is not what the manifest pins"),
        (two_lengths, "Content-Length"),
        (huge, "1000000000000000 bytes are announced: too many"),
        (endless, "bytes: too many"),
        (broken_chunks, "127.0.0.1"),
        (no_http, "127.0.0.1"),
        (nothing, "closed the connection without an answer"),
        (later("3600"), "503 Service Unavailable; asks to come back in 3600 s"),
        (later("soon"), "503 Service Unavailable"),
        (later("9" * 5000), "503 Service Unavailable"),
        (later("Fri, 31 Dec 99999 23:59:59 GMT"), "503 Service Unavailable"),
        (leads("/odd/x"), "redirects without end"),
        (leads("http://[::1"), "127.0.0.1"),
        (leads("http://a" + "b" * 99 + ".example/"), "127.0.0.1"),
        (leads("gopher://x/"), "gopher"),
        (leads("file:///etc/passwd"), "file:///etc/passwd"),
        (leads("http:///"), "127.0.0.1"),
        (leads("http://127.0.0.1:99999999/"), "99999999"),
        (leads("http://127.0.0.1:9/y"), "127.0.0.1:9 (where "),
    ],
)
def test_what_is_odd_is_of_one_address_only_and_the_next_one_is_asked(
    server: Server, tmp_path: Path, odd: Callable[[Handler], None], text: str
) -> None:
    passed_over(server, odd, text, Upstream(LIMITS), tmp_path)


@pytest.mark.parametrize(
    ("slow", "text"),
    [
        (dribbles, "too slow ("),
        (stalls, "sends nothing any more (timed out)"),
        (dribbles_its_head, "sends nothing any more (timed out)"),
        (silent, "sends nothing any more (timed out)"),
    ],
)
def test_what_is_slow_is_given_up(server: Server, tmp_path: Path, slow: Callable[[Handler], None], text: str) -> None:
    passed_over(server, slow, text, Upstream(HASTY), tmp_path)


def passed_over(server: Server, odd: Callable[[Handler], None], text: str, provider: Upstream, folder: Path) -> None:
    server.odd["odd"] = odd
    with pytest.raises(Unavailable, match=re.escape(text)):
        provider.fetch(source(server.url + "odd/"), folder, Watcher())
    lock = fetch(source(server.url + "odd/", server.elsewhere), [provider], folder, Watcher())
    assert lock.origin == server.elsewhere + "x-1.tar.gz"
    assert sha256_of(folder / "x-1.tar.gz") == SUM


@pytest.mark.parametrize(
    "url", ["", "nonsense", "http://", "http://[::1", "http://127.0.0.1:99999/", "http://\x1b[0m/"]
)
def test_addresses_in_the_manifest_that_are_none(server: Server, tmp_path: Path, url: str) -> None:
    assert "\x1b" not in why_not(url, partial=tmp_path)
    assert fetch(source(url, server.url), [Upstream(LIMITS)], tmp_path, Watcher()).origin == server.url + "x-1.tar.gz"


def test_passwords_are_not_shown(server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    server.odd["odd"], server.odd["busy"] = page, later("600")
    secret = server.url.replace("//", "//me:p@ss:word@")
    text = why_not(
        *(secret + folder for folder in ("odd/", "no/", "busy/")), secret.replace("http", "ftp"), partial=tmp_path
    )
    lock = fetch(source(secret), [Upstream(LIMITS)], tmp_path, Watcher())
    assert "word" not in text + lock.origin + capsys.readouterr().err + (tmp_path / "x.json").read_text()


def test_a_wrong_file_is_said_even_if_another_address_has_the_right_one(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server.odd["odd"] = page
    fetch(source(server.url + "odd/", server.url), [Upstream(LIMITS)], tmp_path, Watcher())
    assert f"warning: x-1.tar.gz from {server.url}odd/x-1.tar.gz is not what" in capsys.readouterr().err


def test_a_busy_server_is_asked_again_when_the_others_were_asked_and_it_is_said(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answers = iter((503, 429))

    def busy(handler: Handler) -> None:
        status = next(answers, 200)
        handler.begin(status, {})
        handler.wfile.write(CONTENT if status == 200 else b"")

    server.odd["busy"] = busy
    provider = Upstream(replace(LIMITS, pause=0.6))
    fetch(source(server.url + "busy/", server.elsewhere + "no/"), [provider], tmp_path, Watcher())
    assert [path.split("/")[1] for path, _ in server.asked] == ["busy", "no", "busy", "busy"]
    host = server.url.removeprefix("http://").rstrip("/")
    assert f"x: waiting 1 s for {host}, which is busy" in capsys.readouterr().err


def test_sources_that_wait_share_one_patience(server: Server, tmp_path: Path) -> None:
    server.odd["busy"] = later("1")
    provider = Upstream(replace(LIMITS, patience=1.5))

    def ask(name: str) -> None:
        with pytest.raises(Unavailable):
            provider.fetch(source(server.url + "busy/", name=name), tmp_path, Watcher(say=said.append))

    said: list[str] = []
    threads = [threading.Thread(target=ask, args=(name,)) for name in ("a", "b", "c")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(said) == 3, "all wait for the same second, and none for the next one"


def test_a_stall_does_not_make_the_host_unreachable(server: Server, tmp_path: Path) -> None:
    server.odd["stalls"] = stalls
    server.files["/y-1.tar.gz"] = CONTENT
    provider = Upstream(HASTY)
    with pytest.raises(Unavailable):
        provider.fetch(source(server.url + "stalls/"), tmp_path, Watcher())
    assert provider.fetch(source(server.url, name="y"), tmp_path, Watcher())[0].origin == server.url + "y-1.tar.gz"


def test_a_host_that_never_answered_is_asked_once_a_run(server: Server, tmp_path: Path) -> None:
    server.odd["silent"] = silent
    provider = Upstream(HASTY)
    for name in ("a", "b"):
        with pytest.raises(Unavailable, match="timed out"):
            provider.fetch(source(server.url + "silent/", name=name), tmp_path, Watcher())
    assert len(server.asked) == 1


@pytest.mark.parametrize("ranges", [True, False])
def test_a_connection_that_breaks_is_continued_in_the_run(server: Server, tmp_path: Path, ranges: bool) -> None:
    server.cuts, server.cut, server.ranges = 1 + 2 * ranges, 100_000, ranges
    fetch(source(server.url), [Upstream(LIMITS)], tmp_path, Watcher())
    starts = [asked and int(asked.removeprefix("bytes=").removesuffix("-")) for _, asked in server.asked]
    assert starts == [None, 100_000, 200_000, 300_000][: len(starts)]
    assert sha256_of(tmp_path / "x-1.tar.gz") == SUM


def test_a_connection_that_breaks_is_continued_at_the_next_address_and_by_the_next_run(
    server: Server, tmp_path: Path
) -> None:
    server.odd["stalls"] = stalls
    with pytest.raises(RuckusError, match="is not available from any provider"):
        fetch(source(server.url + "stalls/"), [Upstream(HASTY)], tmp_path, Watcher())
    assert not (tmp_path / "x-1.tar.gz").exists()
    fetch(source(server.url + "no/", server.url), [Upstream(LIMITS)], tmp_path, Watcher())
    assert server.asked[-1] == ("/x-1.tar.gz", "bytes=1000-")
    assert sha256_of(tmp_path / "x-1.tar.gz") == SUM


def test_a_full_disk_names_the_file(server: Server, tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    try:
        with pytest.raises(RuckusError, match=re.escape(f"{tmp_path}/partial/x-1.tar.gz: File too large")):
            fetch(source(server.url), [Upstream(LIMITS)], tmp_path, Watcher())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_kinds_of_trouble_with_a_connection(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert why_not(CLOSED, partial=tmp_path) == "127.0.0.1:9: refuses the connection"
    with monkeypatch.context() as patched:
        patched.setattr(socket, "getaddrinfo", lambda *_: (_ for _ in ()).throw(socket.gaierror(-2, "Name unknown")))
        assert why_not("http://h.example/", partial=tmp_path) == "h.example: its name can't be resolved (Name unknown)"
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:  # one connection fits, and the others wait
        address = full.getsockname()
        with socket.create_connection(address):
            text = why_not(f"http://127.0.0.1:{address[1]}/", partial=tmp_path)
    assert "(timed out)" in text


def test_a_proxy_that_fails_is_named_with_its_variable(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("https_proxy", "http://me:secret@127.0.0.1:9")
    assert why_not("https://h.example/", partial=tmp_path) == (
        "h.example: the proxy http://127.0.0.1:9 (https_proxy) fails: refuses the connection; "
        "correct or unset that variable, or set no_proxy=h.example"
    )
    monkeypatch.setenv("https_proxy", server.url)
    assert "the proxy" in why_not("https://h.example/", partial=tmp_path)
    assert "404 Not Found" in why_not("https://h.example/", partial=tmp_path)
    server.odd["http:"] = lambda handler: handler.begin(407, {})
    monkeypatch.setenv("ALL_PROXY", server.url.replace("//", "//me:secret@"))
    assert why_not("http://h.example/", partial=tmp_path).endswith(
        f"the proxy {server.url} (ALL_PROXY) wants a password"
    )
    monkeypatch.setenv("ALL_PROXY", "nonsense://x")
    assert "(ALL_PROXY)" in why_not("http://h.example/", partial=tmp_path)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    assert "proxy" not in why_not(CLOSED, partial=tmp_path)


@pytest.fixture
def secure(tmp_path: Path, server: Server) -> Path:
    """Let the server speak TLS, with a certificate of its own; returns the certificate's file."""
    pem = tmp_path / "server.pem"
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj /CN=localhost"
    options: list[str | Path] = [
        "-addext",
        "subjectAltName=IP:127.0.0.1",
        "-keyout",
        pem,
        "-out",
        tmp_path / "certificate.pem",
    ]
    subprocess.run([*command.split(), *options], check=True, capture_output=True)
    with pem.open("a") as file:
        file.write((tmp_path / "certificate.pem").read_text())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    return tmp_path / "certificate.pem"


def test_a_certificate_that_does_not_verify(
    server: Server, secure: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = server.url.replace("http:", "https:")
    text = why_not(url, partial=tmp_path)
    assert "its certificate does not verify (self-signed certificate); where a proxy signs" in text
    assert "REQUESTS_CA_BUNDLE" in text
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "nowhere.pem"))
    assert f"no file REQUESTS_CA_BUNDLE={tmp_path}/nowhere.pem" in why_not(url, partial=tmp_path)
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    monkeypatch.setenv("SSL_CERT_FILE", certifi.where())
    assert f"(self-signed certificate); asked was SSL_CERT_FILE={certifi.where()}" in why_not(url, partial=tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(secure))
    assert Upstream(LIMITS).fetch(source(url), tmp_path, Watcher())[0].origin == url + "x-1.tar.gz"
