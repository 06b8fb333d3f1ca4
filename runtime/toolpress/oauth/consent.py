"""The pages that a person sees: consent, an error, and the way back to the application. Plain HTML without scripts."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from html import escape
from string import Template

from starlette.responses import HTMLResponse, Response

from toolpress.oauth.authorization import Asked
from toolpress.oauth.redirects import place, policy_source

_STYLE = (
    ":root{color-scheme:light dark;--ink:#1b1f24;--soft:#57606a;--line:#868e98;--edge:#d6dae0;--page:#f3f4f6;"
    "--card:#fff;--act:#0b57d0;--on:#fff;--bad:#b3261e;--tint:#fdecea}"
    "@media(prefers-color-scheme:dark){:root{--ink:#e8eaed;--soft:#a8b0ba;--line:#7d8793;--edge:#3a414a;--page:#111418;"
    "--card:#1b1f24;--act:#8ab4f8;--on:#0b1a33;--bad:#f2867e;--tint:#3a1e1c}}"
    "body{margin:0;padding:2rem 1rem;background:var(--page);color:var(--ink);font:16px/1.5 system-ui,sans-serif}"
    "main{max-width:28rem;margin:0 auto;padding:1.6rem 2rem 2rem;background:var(--card);border:1px solid var(--edge);"
    "border-radius:12px}"
    "h1{margin:0 0 .8rem;font-size:1.4rem;line-height:1.25}"
    "dl{margin:1.2rem 0;padding:.9rem 1.1rem;border:1px solid var(--edge);border-radius:8px}"
    "dt{font-size:.875rem;color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}dd+dt{margin-top:.6rem}"
    "label{display:block;margin-top:1.1rem;font-weight:600}"
    ".hint{margin:0 0 .35rem;font-size:.875rem;color:var(--soft)}"
    "input{box-sizing:border-box;width:100%;padding:.6rem .7rem;font:inherit;color:inherit;background:var(--card);"
    "border:1px solid var(--line);border-radius:6px}"
    "button{margin:1.5rem .6rem 0 0;padding:.6rem 1.5rem;font:inherit;font-weight:600;color:var(--act);"
    "background:var(--card);border:1px solid var(--act);border-radius:6px;cursor:pointer}"
    "button[value=allow]{color:var(--on);background:var(--act)}"
    "a{color:var(--act)}:focus-visible{outline:3px solid var(--act);outline-offset:2px}"
    ".problem{margin:0 0 1rem;padding:.6rem .9rem;background:var(--tint);border-left:4px solid var(--bad)}"
)
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()

_PAGE = Template(
    "<!doctype html>\n"
    '<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
    '<meta name="robots" content="noindex">$head<title>$title</title><style>$style</style></head>\n'
    "<body><main>\n<h1>$title</h1>\n$body\n</main></body></html>\n"
)

_CONSENT = Template(
    "$problem<p>An application asks to use <strong>$server</strong> in your name, with all that your API token may "
    "do.</p>\n"
    "<dl>\n<dt>Application</dt><dd>$client</dd>\n<dt>It will return you to</dt><dd>$place</dd>\n$tenant</dl>\n"
    "<p>If you did not just start this in that application, refuse.</p>\n"
    '<form method="post" action="authorize" autocomplete="off">\n$hidden\n$inputs'
    '<button name="decision" value="allow">Allow</button>'
    '<button name="decision" value="deny" formnovalidate>Refuse</button>\n</form>'
)

_INPUTS = Template(
    '<label for="tenant">Tenant</label>\n'
    '<p class="hint" id="tenant-hint">The first part of your workspace address, in lower case.</p>\n'
    '<input id="tenant" name="tenant" value="$tenant" aria-describedby="tenant-hint" required maxlength="63"'
    ' pattern="[a-z0-9]([a-z0-9\\-]*[a-z0-9])?" title="The first part of your workspace address, in lower case"'
    ' autocapitalize="none" spellcheck="false">\n'
    '<label for="secret">API token</label>\n'
    '<p class="hint" id="secret-hint">The application does not get to see it.</p>\n'
    '<input id="secret" name="secret" type="password" aria-describedby="secret-hint" required maxlength="512"'
    ' autocomplete="off">\n'
)


def consent_page(
    server: str,
    asked: Asked,
    hidden: Mapping[str, str],
    *,
    tenant: str = "",
    problem: str | None = None,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """The question. A client that is a tenant proves itself, so the person only says yes or no."""
    by_itself = asked.client.kind == "tenant"
    body = _CONSENT.substitute(
        problem=_problem(problem) if problem else "",
        server=escape(server),
        client=escape(_introduced(asked)),
        place=escape(place(asked.redirect_uri)),
        tenant=f"<dt>Tenant</dt><dd>{escape(asked.client.id)}</dd>\n" if by_itself else "",
        hidden="\n".join(_hidden(name, value) for name, value in hidden.items()),
        inputs="" if by_itself else _INPUTS.substitute(tenant=escape(tenant)),
    )
    sources = f"'self' {policy_source(asked.redirect_uri)}"
    return _html(f"Connect to {server}", body, status=status, form_action=sources, headers=headers)


def error_page(server: str, problem: str, *, status: int = 400, headers: Mapping[str, str] | None = None) -> Response:
    body = f"{_problem(problem)}<p>Go back to the application and start again.</p>"
    return _html(f"{server} cannot be connected", body, status=status, headers=headers)


def way_back(url: str, *, browser: bool) -> Response:
    """Send the person to the client.

    A browser gets a page that moves on, since Chromium holds `form-action` against every later redirect of a form, and
    clients do redirect again, to an application's own scheme for one. Everything else gets the redirect itself, with
    303 so that nobody posts a secret onwards (RFC 9700 4.12).
    """
    if not browser:
        return Response(status_code=303, headers={"location": url, **_headers("'none'")})
    body = f'<p>You are being returned to the application. <a href="{escape(url)}">Continue</a></p>'
    return _html("Done", body, status=200, head=f'<meta http-equiv="refresh" content="0;url={escape(url)}">')


def _introduced(asked: Asked) -> str:
    client = asked.client
    if client.kind == "document":
        return f"{client.name or client.host}, as published by {client.host}"
    return f"{client.name}, by its own account" if client.name else "It gives no name."


def _problem(text: str) -> str:
    return f'<p class="problem" role="alert">{escape(text)}</p>\n'


def _hidden(name: str, value: str) -> str:
    return f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'


def _html(
    title: str,
    body: str,
    *,
    status: int,
    form_action: str = "'none'",
    head: str = "",
    headers: Mapping[str, str] | None = None,
) -> Response:
    text = _PAGE.substitute(head=head, title=escape(title), style=_STYLE, body=body)
    return HTMLResponse(text, status_code=status, headers={**_headers(form_action), **(headers or {})})


def _headers(form_action: str) -> dict[str, str]:
    return {
        "content-security-policy": (
            f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action {form_action}; base-uri 'none'; "
            "frame-ancestors 'none'"
        ),
        "x-frame-options": "DENY",
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "cache-control": "no-store",
        "pragma": "no-cache",
    }
