"""Canaille as an OpenID provider for the tests: in memory, with people from standard input.

The people are one line of JSON: what each claim of theirs is, and a password. Listens on a free port of 127.0.0.1,
prints {"issuer": "..."} once it does, and runs until standard input closes. Clients register themselves
(OpenID Connect Dynamic Client Registration) and need nobody's permission.
"""

import json
import os
import secrets
import socket
import sys
import threading

from canaille import create_app
from canaille.app import models
from joserfc.jwk import ECKey, RSAKey
from werkzeug.serving import WSGIRequestHandler, make_server


class Quiet(WSGIRequestHandler):
    def log_request(self, *_args):
        pass


def application(address):
    keys = [
        RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256"}, auto_kid=True),
        ECKey.generate_key("P-256", {"use": "sig", "alg": "ES256"}, auto_kid=True),
    ]
    return create_app(
        {
            "SECRET_KEY": secrets.token_hex(32),
            "SERVER_NAME": address,
            "PREFERRED_URL_SCHEME": "http",
            "CANAILLE": {"DATABASE": "memory", "NAME": "Canaille of the tests"},
            "CANAILLE_OIDC": {
                "DYNAMIC_CLIENT_REGISTRATION_OPEN": True,
                # It refuses keys without a kty, which joserfc writes by itself.
                "ACTIVE_JWKS": [key.as_dict(private=True) for key in keys],
            },
        }
    )


def add_people(app, people):
    groups = {}
    with app.app_context(), app.backend.session():
        for person in people:
            given_name, family_name = person["name"].split(" ", 1)
            user = models.User(
                user_name=person["preferred_username"],
                display_name=person["preferred_username"],
                formatted_name=person["name"],
                given_name=given_name,
                family_name=family_name,
                emails=[person["email"]],
                password=person["password"],
            )
            app.backend.save(user)
            for name in person["groups"]:
                groups.setdefault(name, []).append(user)
        for name, members in groups.items():
            app.backend.save(models.Group(display_name=name, members=members))


def main():
    people = json.loads(sys.stdin.readline())
    listener = socket.create_server(("127.0.0.1", 0))
    address = "127.0.0.1:%d" % listener.getsockname()[1]
    app = application(address)
    add_people(app, people)
    server = make_server(
        "127.0.0.1", 0, app, threaded=True, request_handler=Quiet, fd=listener.fileno()
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(json.dumps({"issuer": f"http://{address}"}), flush=True)
    sys.stdin.read()
    os._exit(0)


main()
