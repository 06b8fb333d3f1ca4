"""How a client finds its way: the documents of RFC 8414 and RFC 9728, the challenge, and the URLs in them."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest
from mcp.shared.auth import OAuthMetadata, ProtectedResourceMetadata

from tests.oauth.conftest import Parts, Site, Stage, application, make_server
from toolpress.errors import ConfigurationError, Unauthenticated
from toolpress.oauth.addresses import public_addresses, same_url


def served(stage: Stage, parts: Parts, public_url: str | None, prefix: str = "") -> httpx.Client:
    stage.app = application(make_server(parts, public_url=public_url, prefix=prefix), prefix)
    return httpx.Client(base_url=stage.base, trust_env=False)


def follow(http: httpx.Client, origin: str, mcp: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """From a 401 to the endpoints, as a client goes; `origin` is what the proxy before the server is called."""
    challenge = http.post(mcp).headers["www-authenticate"]
    url = re.search(r'resource_metadata="([^"]*)"', challenge)
    assert url, challenge
    assert url[1].startswith(origin)
    resource = http.get(url[1].removeprefix(origin)).json()
    (issuer,) = resource["authorization_servers"]
    path = issuer.removeprefix(origin)
    server = http.get(f"/.well-known/oauth-authorization-server{path}").json()
    assert server["issuer"] == issuer
    return resource, server


def test_a_server_at_the_root(site: Site) -> None:
    resource, server = follow(site.http, site.base, "/mcp")
    assert resource == {
        "resource": f"{site.base}/mcp",
        "authorization_servers": [site.base],
        "scopes_supported": ["mcp"],
        "bearer_methods_supported": ["header"],
        "resource_name": "Product <One>",
    }
    assert server == {
        "issuer": site.base,
        "authorization_endpoint": f"{site.base}/oauth/authorize",
        "token_endpoint": f"{site.base}/oauth/token",
        "registration_endpoint": f"{site.base}/oauth/register",
        "revocation_endpoint": f"{site.base}/oauth/revoke",
        "scopes_supported": ["mcp"],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["client_credentials", "authorization_code", "refresh_token"],
        "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic", "none"],
        "revocation_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic", "none"],
        "code_challenge_methods_supported": ["S256"],
        "client_id_metadata_document_supported": True,
        "authorization_response_iss_parameter_supported": True,
    }
    assert site.http.get("/.well-known/oauth-protected-resource").json() == resource
    assert OAuthMetadata.model_validate(server)
    assert ProtectedResourceMetadata.model_validate(resource)


@pytest.mark.parametrize(
    ("public_url", "prefix", "issuer"),
    [
        (None, "/product", "{base}/product"),
        ("https://tools.example", "", "https://tools.example"),
        ("https://tools.example/", "/product", "https://tools.example/product"),
        ("https://tools.example:8443", "/product", "https://tools.example:8443/product"),
        ("http://localhost:9000", "/product", "http://localhost:9000/product"),
    ],
)
def test_servers_elsewhere(stage: Stage, parts: Parts, public_url: str | None, prefix: str, issuer: str) -> None:
    issuer = issuer.replace("{base}", stage.base)
    origin = issuer.removesuffix(prefix) if prefix else issuer
    with served(stage, parts, public_url, prefix) as http:
        resource, server = follow(http, origin, f"{prefix}/mcp")
        below = http.get(f"{prefix}/.well-known/oauth-authorization-server").json()
    assert server["issuer"] == issuer
    assert below == server
    assert resource["resource"] == f"{issuer}/mcp"
    assert server["token_endpoint"] == f"{issuer}/oauth/token"


def test_a_public_url_with_a_path_of_its_own(stage: Stage, parts: Parts) -> None:
    """The proxy hands /tools/... on without its path, and the well-known documents as they are."""
    with served(stage, parts, "https://example.org/tools", "/product") as http:
        resource = http.get("/.well-known/oauth-protected-resource/tools/product/mcp").json()
        server = http.get("/.well-known/oauth-authorization-server/tools/product").json()
    assert resource["resource"] == "https://example.org/tools/product/mcp"
    assert server["token_endpoint"] == "https://example.org/tools/product/oauth/token"


def test_documents_are_kept_only_if_they_are_the_same_for_everyone(stage: Stage, parts: Parts) -> None:
    path = "/.well-known/oauth-authorization-server"
    for public_url, words in ((None, "no-store"), ("https://tools.example", "public, max-age=3600")):
        with served(stage, parts, public_url) as http:
            answer = http.get(path, headers={"origin": "https://anyone.example"})
        assert answer.headers["cache-control"] == words
        assert answer.headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize("host", ["localhost:8000", "127.0.0.1", "[::1]:8000", "LOCALHOST:1", "app.localhost"])
def test_loopback_hosts_are_taken_from_the_request(site: Site, host: str) -> None:
    body = site.http.get("/.well-known/oauth-authorization-server", headers={"host": host}).json()
    assert body["issuer"] == f"http://{host.lower()}"


@pytest.mark.parametrize("host", ["tools.example", "localhost.evil.example", "127.0.0.1.evil.example", "10.0.0.1",
                                  "0.0.0.0:8000", "localhost:port", "a b", 'localhost"', "user@localhost"])  # fmt: skip
def test_other_hosts_need_the_setting(site: Site, host: str) -> None:
    answer = site.http.get("/.well-known/oauth-authorization-server", headers={"host": host})
    assert answer.status_code == 500
    assert answer.json()["error"] == "server_error"
    assert "TOOLPRESS_PUBLIC_URL" in answer.json()["error_description"]
    refused = site.http.post("/mcp", headers={"host": host})
    assert refused.headers["www-authenticate"] == 'Bearer realm="product"'
    form = {"grant_type": "client_credentials", "client_id": "other", "client_secret": "key-of-other"}
    assert site.http.post("/oauth/token", data=form, headers={"host": host}).status_code == 200
    form["resource"] = f"http://{host}/mcp"
    assert site.http.post("/oauth/token", data=form, headers={"host": host}).json()["error"] == "invalid_target"


def test_a_configured_url_stands_above_the_request(stage: Stage, parts: Parts) -> None:
    with served(stage, parts, "https://tools.example") as http:
        body = http.get("/.well-known/oauth-authorization-server", headers={"host": "evil.example"}).json()
    assert body["issuer"] == "https://tools.example"


@pytest.mark.parametrize(
    "url",
    [
        "tools.example",
        "http://tools.example",
        "ftp://tools.example",
        "https://",
        "https://tools.example?x=1",
        "https://tools.example/#x",
        "https://user@tools.example",
        "https://Tools.example",
        "https://tools.example:port",
        "https://tools.example:99999",
        "https://tools.example:0",
        "https://tools.example//x",
        "https://tools.example/a b",
        "https://[::1",
        'https://tools.example/"',
    ],
)
def test_wrong_public_urls(url: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        public_addresses(url, "", "/mcp")
    assert "TOOLPRESS_PUBLIC_URL" in str(caught.value.fix)


def test_the_challenge_says_nothing_of_a_token_that_was_not_sent(site: Site) -> None:
    challenge = site.call(None).headers["www-authenticate"]
    where = f"{site.base}/.well-known/oauth-protected-resource/mcp"
    assert challenge == f'Bearer realm="product", resource_metadata="{where}", scope="mcp"'


def test_the_challenge_stays_one_header(parts: Parts) -> None:
    scope = {"type": "http", "scheme": "http", "headers": [(b"host", b"localhost")]}
    challenge = make_server(parts).challenge(scope, Unauthenticated('a "quoted" \\ ünd\r\nX: y', fix=None))
    assert challenge.endswith('error="invalid_token", error_description="a quoted  ndX: y"')


@pytest.mark.parametrize("bearer", ["12|an-api-token", "tpx_foreign", "TPA_", ""])
async def test_a_foreign_bearer_is_not_looked_up(parts: Parts, bearer: str) -> None:
    server = make_server(parts, store=None)
    assert await server.resolve(bearer) is None


@pytest.mark.parametrize("bearer", ["tpa_", "tpa_" + "x" * 43, "tpa_é", "tpr_x", "tpc_x"])
async def test_what_looks_like_ours_is_never_taken_for_an_api_token(parts: Parts, bearer: str) -> None:
    with pytest.raises(Unauthenticated) as caught:
        await make_server(parts, public_url="https://tools.example", prefix="/product").resolve(bearer)
    assert caught.value.fix == "Mint a new one: POST https://tools.example/product/oauth/token"


def test_two_catalogues_in_one_store_do_not_take_each_others_tokens(site: Site, parts: Parts, stage: Stage) -> None:
    token = site.credentials().json()["access_token"]
    assert site.call(token).status_code == 200
    stage.app = application(make_server(parts, name="another"))
    assert site.call(token).json()["code"] == "TOKEN_EXPIRED"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("https://A.example:443/mcp/", "https://a.example/mcp", True),
        ("HTTP://a.example:80/mcp", "http://a.example/mcp", True),
        ("https://a.example/MCP", "https://a.example/mcp", False),
        ("http://a.example/mcp", "https://a.example/mcp", False),
        ("https://a.example:444/mcp", "https://a.example/mcp", False),
        ("https://u@a.example/mcp", "https://u@a.example/mcp", False),
        ("https://a.example:x/mcp", "https://a.example/mcp", False),
    ],
)
def test_the_same_url(one: str, other: str, *, same: bool) -> None:
    assert same_url(one, other) is same
