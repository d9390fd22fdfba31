# SPDX-License-Identifier: GPL-3.0-or-later
"""What went wrong with an address, in words: of what kind it is, and which setting matters."""

import http
import http.client
import os
import socket
import ssl
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import requests
import urllib3
from requests.utils import should_bypass_proxies

from ruckus_aux.sources.provider import without_password

# All that requests and what lies below it are known to raise for an address, an answer or a setting that is wrong.
ERRORS = (OSError, ValueError, urllib3.exceptions.HTTPError, http.client.HTTPException)
_PROXY = (
    requests.exceptions.ProxyError,
    requests.exceptions.InvalidProxyURL,
    urllib3.exceptions.ProxyError,
    urllib3.exceptions.ProxySchemeUnknown,
)
_BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")  # the first that is set is asked
_UNVERIFIED_TIMES = (9, 10)  # X509_V_ERR_CERT_NOT_YET_VALID, X509_V_ERR_CERT_HAS_EXPIRED


def bundle() -> str | bool:
    """The file of certificates to trust; True: the ones that requests brings along."""
    return next((os.environ[name] for name in _BUNDLES if os.environ.get(name)), True)


def host_of(url: str) -> str:
    """Host and port of an address; all of what is no address."""
    try:
        return urlsplit(url).netloc or url
    except ValueError:
        return url


def status_text(url: str, status: int) -> str:
    """A sentence about an answer that is not a success.

    Args:
        url: The address that was asked.
        status: The HTTP status.
    """
    try:
        phrase = http.HTTPStatus(status).phrase  # not the server's own words, which could be anything
    except ValueError:
        phrase = "unknown status"
    proxy = _proxy(url)
    if status == http.HTTPStatus.PROXY_AUTHENTICATION_REQUIRED and proxy:
        return f"{without_password(url)}: {proxy} wants a password"
    return f"{without_password(url)}: {status} {phrase}" + (f", through {proxy}" if proxy else "")


def explain_failure(error: BaseException, url: str) -> str:
    """Why an address gave nothing.

    Args:
        error: One of ERRORS.
        url: The address that was asked.
    """
    request = getattr(error, "request", None)
    where = without_password(getattr(request, "url", None) or url)
    host = host_of(where)
    place = host if host_of(url).endswith(host) else f"{host} (where {without_password(url)} leads to)"
    causes = [*_causes(error)][::-1]
    kind = next((text for cause in causes if (text := _kind(cause))), "")
    if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes):
        return f"{place}: {kind}"
    proxy = _proxy(where)
    if proxy and any(isinstance(cause, _PROXY) for cause in causes):
        kind = kind or without_password(str(causes[0]))
        return f"{place}: {proxy} fails: {kind}; correct or unset that variable, or set no_proxy={host}"
    return f"{place}: {kind or without_password(str(error)) or type(error).__name__}"


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An error and what it was made from, the outermost first: each library wraps it once more."""
    pending, seen = [error], set()
    while pending:
        cause = pending.pop(0)
        if id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        inner = (getattr(cause, "reason", None), *cause.args, cause.__cause__, cause.__context__)
        pending += [one for one in inner if isinstance(one, BaseException)]


def _kind(cause: BaseException) -> str:
    """What kind of trouble this is, or "" when its own text is as good."""
    if isinstance(cause, ssl.SSLCertVerificationError):
        return _certificate(cause)
    if isinstance(cause, ssl.SSLError):
        return f"TLS fails ({cause.reason or cause})"
    if isinstance(cause, socket.gaierror):
        return f"its name can't be resolved ({cause.strerror})"
    if isinstance(cause, ConnectionRefusedError):
        return "refuses the connection"
    if isinstance(cause, (ConnectionResetError, BrokenPipeError, http.client.RemoteDisconnected)):
        return "closed the connection without an answer"
    if isinstance(cause, (requests.ConnectTimeout, urllib3.exceptions.ConnectTimeoutError)):
        return "does not answer (timed out)"
    if isinstance(cause, (requests.ReadTimeout, urllib3.exceptions.ReadTimeoutError)):
        return "sends nothing any more (timed out)"
    if isinstance(cause, requests.TooManyRedirects):
        return "redirects without end"
    if isinstance(cause, OSError) and "CA certificate bundle" in str(cause):
        return f"there is no file {_bundle_variable()}"
    if isinstance(cause, OSError) and cause.errno and cause.strerror:
        return f"can't be reached ({cause.strerror})"
    return ""


def _bundle_variable() -> str:
    return next((f"{name}={os.environ[name]}" for name in _BUNDLES if os.environ.get(name)), "")


def _certificate(cause: ssl.SSLCertVerificationError) -> str:
    text = f"its certificate does not verify ({cause.verify_message})"
    if cause.verify_code in _UNVERIFIED_TIMES:
        return f"{text}; this machine's clock says {time.strftime('%Y-%m-%d %H:%M')}"
    if asked := _bundle_variable():
        return f"{text}; asked was {asked}"
    return f"{text}; where a proxy signs with certificates of its own, {_BUNDLES[0]} names the file that has them"


def _proxy(url: str) -> str:
    """The proxy that an address is asked through, and the variable that names it; "" for none."""
    try:
        scheme = urlsplit(url).scheme
        if should_bypass_proxies(url, no_proxy=None):
            return ""
    except ValueError:
        return ""
    for name in (f"{scheme}_proxy", f"{scheme.upper()}_PROXY", "all_proxy", "ALL_PROXY"):
        if os.environ.get(name):
            return f"the proxy {without_password(os.environ[name])} ({name})"
    return ""
