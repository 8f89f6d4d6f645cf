#!/usr/bin/env python3
"""Tests what a service sends to the outside by itself: results to webhooks, traces, alerts; and how it is configured.

Receivers and service are this script's own, at loopback addresses. Needs openssl, and what `make build` makes.

  scripts/outbound.py
"""

import base64
import hashlib
import hmac
import http.server
import json
import os
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading
import time
import unittest
from pathlib import Path

import service_tree as st

SECRET = bytes(range(32))
WHSEC = "whsec_" + base64.b64encode(SECRET).decode()
TRACE = "0af7651916cd43dd8448eb211c80319c"
PASSWORD = "hunter2-of-the-mail"


class Receiver:
    """An HTTP server that keeps what it is sent; `answers` are statuses by path, the last for good."""

    def __init__(self, context=None):
        self.got, self.answers, self.lock = [], {}, threading.Lock()
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                with receiver.lock:
                    receiver.got.append((self.path, dict(self.headers), body))
                    wanted = receiver.answers.get(self.path, [204])
                    status = wanted.pop(0) if len(wanted) > 1 else wanted[0]
                self.send_response(status)
                if status == 302:
                    self.send_header("Location", f"http://127.0.0.1:{receiver.port}/inner")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if context:
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def at(self, path):
        with self.lock:
            return [one for one in self.got if one[0] == path]

    def wait(self, path, count=1, seconds=30):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if len(self.at(path)) >= count:
                return self.at(path)
            time.sleep(0.05)
        raise AssertionError(f"{path} got {len(self.at(path))} of {count} requests in {seconds} s")


class MailServer(threading.Thread):
    """As much of SMTP as a mail needs."""

    def __init__(self):
        super().__init__(daemon=True)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.mails = []
        self.start()

    def run(self):
        while True:
            client, _ = self.listener.accept()
            with client, client.makefile("rwb") as lines:
                def say(text):
                    lines.write(text.encode() + b"\r\n")
                    lines.flush()

                say("220 test")
                mail, inside = [], False
                for raw in lines:
                    line = raw.rstrip(b"\r\n")
                    if inside:
                        inside = line != b"."
                        if inside:
                            mail.append(line)
                        else:
                            self.mails.append(b"\n".join(mail).decode())
                            say("250 kept")
                    elif line.upper().startswith((b"EHLO", b"HELO")):
                        say("250 test")
                    elif line.upper() == b"DATA":
                        inside = True
                        say("354 go on")
                    elif line.upper() == b"QUIT":
                        say("221 bye")
                        break
                    else:
                        say("250 fine")


class Outbound(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = Path(tempfile.mkdtemp(prefix="diatom-outbound-"))
        os.chmod(cls.folder, 0o755)
        for name in ("trusted", "strange"):
            subprocess.run(
                ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                 "-addext", "subjectAltName=DNS:localhost", "-keyout", cls.folder / f"{name}.key",
                 "-out", cls.folder / f"{name}.pem"], check=True, capture_output=True)
        cls.plain = Receiver()
        cls.trusted, cls.strange = (Receiver(cls.context(name)) for name in ("trusted", "strange"))
        cls.inner = Receiver()  # nobody vouched for it
        cls.mail = MailServer()
        cls.config = cls.folder / "diatom.toml"
        cls.config.write_text(
            f'allow_private = ["127.0.0.1:{cls.plain.port}", "localhost:{cls.trusted.port}", '
            f'"localhost:{cls.strange.port}"]\n'
            f'otlp_endpoint = "http://127.0.0.1:{cls.plain.port}/v1/traces"\n'
            f'alert_webhook = "http://127.0.0.1:{cls.plain.port}/alert"\n'
            f'alert_slack = "http://127.0.0.1:{cls.plain.port}/slack/T000/secret"\n'
            f'alert_email = "ops@example.org"\n[smtp]\nurl = "smtp://127.0.0.1:{cls.mail.port}"\n'
            f'from = "diatom@example.org"\n')
        cls.config.chmod(0o600)
        os.environ["SSL_CERT_FILE"] = str(cls.folder / "trusted.pem")
        os.environ["DIATOM_HISTORY_DAYS"] = "7"
        cls.service = st.Service(["--config", str(cls.config)])
        cls.service.start()
        cls.service.wait_ready()

    @classmethod
    def context(cls, name):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cls.folder / f"{name}.pem", cls.folder / f"{name}.key")
        return context

    @classmethod
    def tearDownClass(cls):
        ended = cls.service.stop()
        cls.service.remove()
        shutil.rmtree(cls.folder)
        assert ended and cls.service.process.returncode == 0

    def send(self, method, path, body=None, headers=None):
        connection = st.UnixHTTP(self.service.socket, 30)
        try:
            connection.request(method, path, body and json.dumps(body), {"Content-Type": "application/json", **(headers or {})})
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read()), answer.headers
        finally:
            connection.close()

    def run_with(self, url, query="", code="print(6*7)", headers=None, **more):
        return self.send(
            "POST", "/v1/runs" + query,
            {"language": "python", "code": code, "webhook": {"url": url, **more}}, headers)

    def delivery(self, run, *states, seconds=30):
        end = time.monotonic() + seconds
        while True:
            status, delivery, _ = self.send("GET", f"/v1/runs/{run}/webhook")
            self.assertEqual(status, 200)
            if delivery["state"] in states or (delivery["attempts"] > 0 and "tried" in states):
                return delivery
            self.assertLess(time.monotonic(), end, delivery)
            time.sleep(0.1)

    def test_a_result_arrives_signed_after_a_failure(self):
        self.plain.answers["/hook"] = [503, 204]
        _, result, _ = self.run_with(f"http://127.0.0.1:{self.plain.port}/hook", secret=WHSEC)
        (_, first, _), (_, headers, body) = self.plain.wait("/hook", 2)
        self.assertEqual(json.loads(body), result)
        self.assertEqual(headers["webhook-id"], result["id"])
        self.assertEqual(first["webhook-id"], result["id"])
        self.assertLess(abs(int(headers["webhook-timestamp"]) - time.time()), 60)
        message = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        signatures = dict(part.split(",") for part in headers["webhook-signature"].split(" "))
        mac = hmac.new(SECRET, message, hashlib.sha256).digest()
        self.assertEqual(signatures["v1"], base64.b64encode(mac).decode())
        self.assertTrue(self.is_ours(message, base64.b64decode(signatures["v1a"])))
        self.assertFalse(self.is_ours(message + b"x", base64.b64decode(signatures["v1a"])))
        delivery = self.delivery(result["id"], "delivered")
        self.assertEqual((delivery["attempts"], delivery["last_status"]), (2, 204))

    def is_ours(self, message, signature):
        key = self.send("GET", "/v1/version")[1]["webhook_public_key"]
        raw = base64.b64decode(key.removeprefix("whpk_"))
        # A public key of Ed25519 as X.509 has it (RFC 8410).
        (self.folder / "key.der").write_bytes(bytes.fromhex("302a300506032b6570032100") + raw)
        (self.folder / "message").write_bytes(message)
        (self.folder / "signature").write_bytes(signature)
        return subprocess.run(
            ["openssl", "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", self.folder / "key.der", "-rawin",
             "-in", self.folder / "message", "-sigfile", self.folder / "signature"], capture_output=True).returncode == 0

    def test_tls_is_checked(self):
        _, result, _ = self.run_with(f"https://localhost:{self.trusted.port}/hook")
        self.assertEqual(self.delivery(result["id"], "delivered")["attempts"], 1)
        _, result, _ = self.run_with(f"https://localhost:{self.strange.port}/hook")
        self.assertIn("certificate", self.delivery(result["id"], "tried")["last_problem"])
        self.assertEqual(self.strange.got, [])

    def test_nothing_inside_is_reached(self):
        for url in (f"http://127.0.0.1:{self.inner.port}/", "https://10.0.0.1/", "https://169.254.169.254/latest"):
            status, answer, _ = self.run_with(url)
            self.assertEqual((status, answer["error"]["field"]), (400, "webhook.url"), answer)
        # A name is looked up when it is sent to.
        _, result, _ = self.run_with(f"https://localhost:{self.inner.port}/")
        self.assertIn("no public address", self.delivery(result["id"], "tried")["last_problem"])
        self.plain.answers["/moved"] = [302]
        _, result, _ = self.run_with(f"http://127.0.0.1:{self.plain.port}/moved")
        self.assertIn("302", self.delivery(result["id"], "tried")["last_problem"])
        self.assertEqual(self.inner.got + self.plain.at("/inner"), [])

    def test_gone_is_final(self):
        self.plain.answers["/gone"] = [410]
        _, result, _ = self.run_with(f"http://127.0.0.1:{self.plain.port}/gone")
        delivery = self.delivery(result["id"], "failed")
        self.assertEqual((delivery["attempts"], delivery["next_attempt_at"]), (1, None))

    def test_a_kill_loses_no_delivery(self):
        self.plain.answers["/later"] = [500, 204]
        url = f"http://127.0.0.1:{self.plain.port}"
        _, first, _ = self.run_with(f"{url}/later")
        self.delivery(first["id"], "tried")
        _, second, _ = self.run_with(f"{url}/lost", "?wait=false", "import time; time.sleep(60)")
        time.sleep(0.5)
        for process in self.service.tree().services:
            process.kill()
        self.service.process.wait(20)
        self.service.start()
        self.service.wait_ready()
        self.assertEqual(json.loads(self.plain.wait("/later", 2)[1][2]), first)
        told = json.loads(self.plain.wait("/lost")[0][2])
        self.assertEqual((told["id"], told["status"]), (second["id"], "engine_failed"))

    def test_traces_are_sent(self):
        status, result, headers = self.send(
            "POST", "/v1/runs", {"language": "c", "code": "int main(){return 0;}" + "//" + str(time.time()) + "\n",
                                 "webhook": {"url": f"http://127.0.0.1:{self.plain.port}/traced"}},
            {"traceparent": f"00-{TRACE}-b7ad6b7169203331-01"})
        self.assertEqual(status, 200)
        self.assertTrue(headers["traceresponse"].startswith(f"00-{TRACE}-"))
        self.assertTrue(self.plain.wait("/traced")[0][1]["traceparent"].startswith(f"00-{TRACE}-"))
        end = time.monotonic() + 30
        while True:
            spans = [
                span for _, _, body in self.plain.at("/v1/traces")
                for resource in json.loads(body)["resourceSpans"] for scope in resource["scopeSpans"]
                for span in scope["spans"] if span["traceId"] == TRACE]
            if {"POST /v1/runs", "run", "compile", "start", "execute"} <= {span["name"] for span in spans}:
                break
            self.assertLess(time.monotonic(), end, spans)
            time.sleep(0.2)
        by_name = {span["name"]: span for span in spans}
        self.assertEqual(by_name["POST /v1/runs"]["parentSpanId"], "b7ad6b7169203331")
        self.assertEqual(by_name["run"]["parentSpanId"], by_name["POST /v1/runs"]["spanId"])
        self.assertEqual(by_name["execute"]["parentSpanId"], by_name["run"]["spanId"])
        for span in spans:
            self.assertLessEqual(int(span["startTimeUnixNano"]), int(span["endTimeUnixNano"]))

    def command(self, *words, **variables):
        return subprocess.run(
            [st.PROGRAM, "serve", "--data", self.folder / "none", *words], capture_output=True, text=True, timeout=60,
            env={**os.environ, **variables})

    def test_alerts_are_tried(self):
        told = self.command("--config", self.config, "--test-alerts")
        self.assertEqual(told.returncode, 0, told)
        self.assertEqual(told.stdout.count(": told"), 3, told.stdout)
        self.assertNotIn("secret", told.stdout)
        self.assertEqual(json.loads(self.plain.wait("/alert")[0][2])["state"], "test")
        self.assertIn("nothing is wrong", json.loads(self.plain.wait("/slack/T000/secret")[0][2])["text"])
        self.assertIn("To: ops@example.org", self.mail.mails[0])
        self.plain.answers["/alert"] = [500]
        told = self.command("--config", self.config, "--test-alerts")
        self.assertEqual(told.returncode, 1)
        self.assertIn("500", told.stdout)

    def test_settings_say_where_they_come_from(self):
        shown = self.command("--config", self.config, "--queue", "9", "--print-config", DIATOM_SMTP_PASSWORD=PASSWORD)
        self.assertEqual(shown.returncode, 0, shown)
        rows = {line.split(" = ")[0]: line for line in shown.stdout.splitlines()}
        self.assertRegex(rows["queue"], r'"9" +# the command line$')
        self.assertRegex(rows["history_days"], r'"7" +# DIATOM_HISTORY_DAYS$')
        self.assertRegex(rows["smtp_from"], r"# .*diatom.toml$")
        self.assertRegex(rows["runs"], r"# the default$")
        self.assertNotIn(PASSWORD, shown.stdout)
        self.assertNotIn("T000", shown.stdout)
        for words in (("--smtp-password", "x"), ("--config", "/nonexistent.toml"), ("--queue", "many"), ("--frob", "1")):
            wrong = self.command(*words)
            self.assertEqual(wrong.returncode, 2, wrong)

    def test_no_secret_is_in_anybodys_arguments(self):
        for process in self.service.tree().processes:
            self.assertNotIn("T000", " ".join(process.arguments))
        metrics = st.UnixHTTP(self.service.socket, 20)
        metrics.request("GET", "/metrics")
        text = metrics.getresponse().read().decode()
        metrics.close()
        self.assertIn("diatom_webhooks_delivered_total", text)
        self.assertNotIn("T000", text)
        log = Path(self.service.log.name).read_text()
        self.assertNotIn(WHSEC, log)
        self.assertNotIn("T000", log)


if __name__ == "__main__":
    unittest.main()
