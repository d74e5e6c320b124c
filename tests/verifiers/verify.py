"""Checks access tokens with PyJWT, as applications do.

Reads requests from standard input, one JSON object a line, and answers on standard output likewise: the operations
`verifier` and `verify` of verify.mjs. Ends when standard input closes.
"""

import json
import sys

import jwt

VERIFIERS = {}


def verifier(request):
    kept_for = request["keptFor"]
    client = jwt.PyJWKClient(request["jwks"], lifespan=kept_for, cooldown_duration=kept_for)
    VERIFIERS[request["name"]] = client
    return {"keys": [{"kid": key.key_id} for key in client.get_signing_keys()]}


def verify(request):
    token = request["token"]
    key = VERIFIERS[request["verifier"]].get_signing_key_from_jwt(token)
    checked = jwt.decode_complete(
        token,
        key,
        algorithms=["ES256"],
        issuer=request["issuer"],
        audience=request["audience"],
        options={"require": ["iss", "aud", "sub", "client_id", "iat", "exp", "jti"]},
    )
    # PyJWT leaves this to the application (RFC 9068, section 4).
    if checked["header"].get("typ") != "at+jwt":
        raise jwt.InvalidTokenError("typ")
    return checked["payload"]


def main():
    operations = {"verifier": verifier, "verify": verify}
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = {"ok": True, "value": operations[request["op"]](request)}
        except jwt.PyJWTError as error:
            answer = {"ok": False, "error": type(error).__name__}
        print(json.dumps(answer), flush=True)


main()
