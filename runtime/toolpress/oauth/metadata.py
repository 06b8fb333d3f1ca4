"""The documents by which a client finds its way: RFC 9728 for the MCP endpoint, RFC 8414 for this server.

There is no `openid-configuration`: this is no OpenID provider, and a client that finds that name holds the document
against the rules of one. Clients that look for it look for these names as well.
"""

from __future__ import annotations

from mcp.shared.auth import OAuthMetadata, ProtectedResourceMetadata
from pydantic import BaseModel

from toolpress.contract import JsonObject
from toolpress.oauth.addresses import AUTHORIZE, REGISTER, REVOKE, TOKEN, Addresses
from toolpress.oauth.targets import SCOPE
from toolpress.oauth.token_endpoint import GRANT_TYPES

_CLIENT_AUTH = ["client_secret_post", "client_secret_basic", "none"]


def server_metadata(addresses: Addresses) -> JsonObject:
    """RFC 8414, with PKCE (RFC 7636), `iss` (RFC 9207) and client ID metadata documents."""
    return _document(
        OAuthMetadata.model_validate(
            {
                "issuer": addresses.issuer,
                "authorization_endpoint": addresses.endpoint(AUTHORIZE),
                "token_endpoint": addresses.endpoint(TOKEN),
                "registration_endpoint": addresses.endpoint(REGISTER),
                "revocation_endpoint": addresses.endpoint(REVOKE),
                "scopes_supported": [SCOPE],
                "response_types_supported": ["code"],
                "response_modes_supported": ["query"],
                "grant_types_supported": list(GRANT_TYPES),
                "token_endpoint_auth_methods_supported": _CLIENT_AUTH,
                "revocation_endpoint_auth_methods_supported": _CLIENT_AUTH,
                "code_challenge_methods_supported": ["S256"],
                "client_id_metadata_document_supported": True,
                "authorization_response_iss_parameter_supported": True,
            }
        )
    )


def resource_metadata(addresses: Addresses, title: str) -> JsonObject:
    """RFC 9728: the MCP endpoint, and that its tokens come from here."""
    return _document(
        ProtectedResourceMetadata.model_validate(
            {
                "resource": addresses.resource,
                "authorization_servers": [addresses.issuer],
                "scopes_supported": [SCOPE],
                "resource_name": title,
            }
        )
    )


def _document(model: BaseModel) -> JsonObject:
    return model.model_dump(mode="json", exclude_none=True)
