"""Which proxy a request goes through: `http_proxy`, `https_proxy`, `all_proxy` and `no_proxy` of the environment.

The same rules as those of `requests`, with which we send everything else: small letters win over capitals, and
`no_proxy` has host names with all their subdomains, addresses and networks (`10.0.0.0/8`).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from urllib.parse import urlsplit

_NAMES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


def proxies_of(env: Mapping[str, str]) -> dict[str, str]:
    """The proxies that an environment names, by their names in small letters.

    `HTTP_PROXY` does not count in a CGI program, where a request's header `Proxy` would set it (CVE-2016-5385).
    """
    is_cgi = "REQUEST_METHOD" in env
    found = {name: env.get(name) or env.get(name.upper()) for name in _NAMES}
    if is_cgi:
        found["http_proxy"] = env.get("http_proxy")
    return {name: value for name, value in found.items() if value}


def proxy_for(url: str, proxies: Mapping[str, str]) -> str | None:
    """The proxy for an address; None where it is reached directly."""
    if not proxies:
        return None
    parts = urlsplit(url)
    if _is_direct(parts.netloc.rpartition("@")[2], parts.hostname or "", proxies.get("no_proxy", "")):
        return None
    found = proxies.get(f"{parts.scheme}_proxy") or proxies.get("all_proxy")
    return found if not found or "//" in found else f"http://{found}"


def _is_direct(where: str, host: str, no_proxy: str) -> bool:
    from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined]

    if proxy_bypass_environment(where, {"no": no_proxy}):
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return any(address in network for network in _networks(no_proxy))


def _networks(no_proxy: str) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    found = []
    for each in no_proxy.split(","):
        try:
            found.append(ipaddress.ip_network(each.strip(), strict=False))
        except ValueError:  # the name of a host
            pass
    return found
