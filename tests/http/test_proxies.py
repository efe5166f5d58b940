"""The proxy that a gate's probes take is the one that everything else takes."""

import pytest
import requests

from ci_reporter.http.proxies import proxies_of, proxy_for

PROXY = "http://proxy.example:3128"
OTHER = "http://other.example:3128"


@pytest.mark.parametrize(
    ("env", "url"),
    [
        ({}, "http://shop.example/"),
        ({"http_proxy": PROXY}, "http://shop.example/"),
        ({"HTTP_PROXY": PROXY}, "http://shop.example/"),
        ({"HTTP_PROXY": PROXY, "http_proxy": OTHER}, "http://shop.example/"),
        ({"HTTP_PROXY": PROXY, "REQUEST_METHOD": "GET"}, "http://shop.example/"),
        ({"HTTP_PROXY": PROXY}, "https://shop.example/"),
        ({"HTTPS_PROXY": PROXY}, "https://shop.example/"),
        ({"ALL_PROXY": PROXY}, "https://shop.example/"),
        ({"http_proxy": PROXY, "no_proxy": "shop.example"}, "http://shop.example/"),
        ({"http_proxy": PROXY, "NO_PROXY": ".example"}, "http://shop.example/"),
        ({"http_proxy": PROXY, "no_proxy": "example"}, "http://a.shop.example/"),
        ({"http_proxy": PROXY, "no_proxy": "shop.example"}, "http://workshop.example/"),
        ({"http_proxy": PROXY, "no_proxy": "10.0.0.0/8"}, "http://10.1.2.3/"),
        ({"http_proxy": PROXY, "no_proxy": "10.0.0.0/8"}, "http://11.1.2.3/"),
        ({"http_proxy": PROXY, "no_proxy": "*"}, "http://shop.example/"),
    ],
)
def test_the_proxy_is_the_one_that_requests_takes(monkeypatch, env, url):
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    theirs = requests.Session().merge_environment_settings(url, {}, None, None, None)["proxies"]
    assert proxy_for(url, proxies_of(env)) == requests.utils.select_proxy(url, theirs)


def test_a_proxy_without_a_scheme_is_an_http_proxy():
    assert proxy_for("http://shop.example/", {"http_proxy": "proxy.example:3128"}) == PROXY
