"""A small API, which answers those who bring an access token of Latchkey's (RFC 9068)."""

import os
from functools import wraps

import jwt
from access_token import AccessTokens
from flask import Flask, g, jsonify, request

# Whose tokens count: the organization's URL at Latchkey. And what this API calls itself, as `tokens.audience` of the
# Organization has it: a token that is for somebody else is none here.
ISSUER = os.environ.get("ISSUER", "http://127.0.0.1:8080/o/default")
AUDIENCE = os.environ.get("AUDIENCE", "https://api.example.com")

app = Flask(__name__)
access_tokens = AccessTokens(ISSUER, AUDIENCE)


def refused(status, error=None):
    """An answer as RFC 6750, section 3 has it."""
    answer = jsonify(error=error or "bring an access token")
    answer.headers["WWW-Authenticate"] = f'Bearer error="{error}"' if error else "Bearer"
    return answer, status


def needs_token(role=None):
    """Lets only those in who bring an access token, and have the role if there is one."""

    def decorate(view):
        @wraps(view)
        def guarded(*args, **kwargs):
            scheme, _, token = request.headers.get("Authorization", "").partition(" ")
            if scheme.lower() != "bearer":
                return refused(401)
            try:
                g.person = access_tokens.claims(token.strip())
            except jwt.PyJWKClientConnectionError:
                return jsonify(error="the keys cannot be had now"), 503
            except jwt.PyJWTError:
                return refused(401, "invalid_token")
            if role and role not in g.person["roles"]:
                return refused(403, "insufficient_scope")
            return view(*args, **kwargs)

        return guarded

    return decorate


@app.get("/me")
@needs_token()
def me():
    """Who asks. `sub` never changes: it is the key for this API's own data."""
    names = ("sub", "fullName", "roles", "groups", "client_id")
    return {name: g.person.get(name) for name in names}


@app.get("/admin")
@needs_token(role="admin")
def admin():
    """For administrators alone."""
    return {"message": f"Hello {g.person['userName']}, this is for administrators."}


if __name__ == "__main__":
    app.run(host="127.0.0.1", port=int(os.environ.get("PORT", "8500")))
