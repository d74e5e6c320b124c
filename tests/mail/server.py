"""A mail server for the tests, which keeps nothing and tells what it gets.

The first line of standard input says in JSON how to be: tls ("wrapper", "start" or "none"), certificate and key (files in
PEM), and user and password, which are demanded if they are there. Listens on a free port of 127.0.0.1, prints {"port": N}
once it does, and then each mail as a line of JSON: from, to, what is in it (headers, type, parts, defects), and how it came
(tls, user).
Further lines of standard input say how to answer from then on: {"rcpt": "451 later"} instead of 250, {"pause": seconds}
before that answer, {} as usual; each is acknowledged by {"ready": true}. Runs until standard input closes.
"""

import asyncio
import email
import email.policy
import json
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword


class Sink:
    def __init__(self):
        self.answers = {}

    async def handle_RCPT(self, server, session, envelope, address, options):
        await asyncio.sleep(self.answers.get("pause", 0))
        answer = self.answers.get("rcpt", "250 OK")
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server, session, envelope):
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        mail = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "headers": [[name, str(value)] for name, value in message.items()],
            "type": message.get_content_type(),
            "parts": [[part.get_content_type(), part.get_content()] for part in message.iter_parts()],
            "defects": [str(defect) for part in message.walk() for defect in part.defects],
            "tls": bool(session.ssl) or server.transport.get_extra_info("sslcontext") is not None,
            "user": session.auth_data.login.decode() if session.auth_data else None,
        }
        print(json.dumps(mail), flush=True)
        return "250 OK"


async def main():
    loop = asyncio.get_running_loop()
    lines = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    how = json.loads(await lines.readline())
    context = None
    if how["tls"] != "none":
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(how["certificate"], how["key"])

    def authenticate(server, session, envelope, mechanism, said):
        right = isinstance(said, LoginPassword) and (said.login, said.password) == (
            how["user"].encode(),
            how["password"].encode(),
        )
        # The words of a refusal hold what was said, as those of some servers do.
        message = None if right else f"535 5.7.8 {said.login.decode()} {said.password.decode()} is wrong"
        return AuthResult(success=right, handled=False, message=message, auth_data=said)

    sink = Sink()

    def connection():
        demands = "user" in how
        return SMTP(
            sink,
            hostname="mail.test",
            tls_context=context if how["tls"] == "start" else None,
            require_starttls=how["tls"] == "start",
            authenticator=authenticate if demands else None,
            auth_required=demands,
            auth_require_tls=how["tls"] == "start",
            loop=loop,
        )

    wrapper = context if how["tls"] == "wrapper" else None
    server = await loop.create_server(connection, "127.0.0.1", how.get("port", 0), ssl=wrapper)
    print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)
    while line := await lines.readline():
        sink.answers = json.loads(line)
        print(json.dumps({"ready": True}), flush=True)


asyncio.run(main())
