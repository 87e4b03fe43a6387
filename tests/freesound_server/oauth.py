"""The OAuth2 pages: authorisation, the page that shows the code, and the token endpoint."""

from __future__ import annotations

from html import escape
from urllib.parse import urlencode, urlsplit

from tests.freesound_server.accounts import TOKEN_LIFE_S, Accounts, Credential, OAuthError
from tests.freesound_server.messages import Answer, Request, page, to_json


def authorize(accounts: Accounts, request: Request, *, approve: bool | None) -> Answer:
    """Answer the browser.

    Parameters
    ----------
    approve : bool or None
        What the person says: yes, no, or None = a page asks.
    """
    sent = {**request.query, **(request.form if request.method == "POST" else {})}
    credential = accounts.by_client(sent.get("client_id", ""))
    if credential is None:
        return page(400, "Error: invalid_request", "<p>Invalid client_id parameter value.</p>")
    target = sent.get("redirect_uri") or credential.redirect_uris[0]
    if not credential.allows_redirect(target):
        return page(400, "Error: invalid_request", "<p>Mismatching redirect URI.</p>")
    if sent.get("response_type") != "code":
        return _back(target, error="unsupported_response_type", state=sent.get("state"))
    if sent.get("code_challenge") and sent.get("code_challenge_method", "plain") not in ("S256", "plain"):
        return _back(target, error="invalid_request", state=sent.get("state"))
    if request.method == "POST":
        approve = "allow" in sent
    if approve is None:
        return _question(credential, sent)
    if not approve:
        return _back(target, error="access_denied", state=sent.get("state"))
    challenge, method = sent.get("code_challenge", ""), sent.get("code_challenge_method", "plain")
    code = accounts.make_code(credential.client_id, credential.username, target, challenge, method)
    return _back(target, code=code, state=sent.get("state"))


def access_token(accounts: Accounts, request: Request) -> Answer:
    """Answer the token endpoint."""
    headers = {"Content-Type": "application/json", "Cache-Control": "no-store", "Vary": "Cookie, origin"}
    if request.method != "POST":
        return Answer(405, {**headers, "Allow": "POST, OPTIONS"}, b"")
    try:
        token = accounts.exchange(request.form)
    except OAuthError as refusal:
        if refusal.status == 401:
            headers["WWW-Authenticate"] = f'Bearer error="{refusal.error}"'
        return Answer(refusal.status, headers, b'{"error": "%s"}' % refusal.error.encode())
    life_s = int(TOKEN_LIFE_S)
    data = {"access_token": token.access, "expires_in": life_s, "token_type": "Bearer", "scope": "read write"}
    body = to_json({**data, "refresh_token": token.refresh}).replace(b'":', b'": ').replace(b',"', b', "')
    return Answer(200, headers, body)


def permission_granted(request: Request) -> Answer:
    """Show the code for copying."""
    code, error = request.query.get("code"), request.query.get("error", "nothing was granted")
    shown = f"<p>Your code: <code>{escape(code)}</code></p>" if code else f"<p>No permission: {escape(error)}</p>"
    return page(200, "Freesound - Permission granted" if code else "Freesound - Permission denied", shown)


def _back(target: str, **values: str | None) -> Answer:
    given = {name: value for name, value in values.items() if value is not None}
    joiner = "&" if urlsplit(target).query else "?"
    return page(302, "Found", Location=target + joiner + urlencode(given))


def _question(credential: Credential, sent: dict[str, str]) -> Answer:
    kept = "".join(f'<input type="hidden" name="{escape(k)}" value="{escape(v)}">' for k, v in sent.items())
    text = (
        f"<p>{escape(credential.client_id)} wants to use Freesound as {escape(credential.username)}.</p>"
        f'<form method="post">{kept}<button name="allow" value="1">Authorize!</button>'
        "<button>Cancel</button></form>"
    )
    return page(200, "Freesound - Authorize", text)
