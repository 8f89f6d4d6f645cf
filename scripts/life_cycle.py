#!/usr/bin/env python3
"""Tests that SIGHUP has a service greet its clients with a new certificate, and that SIGTERM lets it finish what it does.

scripts/test-clients.sh starts one; the arguments are its port, its process, and a folder with certificate.pem, key.pem,
a pair of them in new/, and the data in data/.
"""
import http.client
import json
import os
import shutil
import signal
import socket
import ssl
import sys
import threading
import time
import unittest

PORT, PROCESS, FOLDER = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]


def shown():
    return ssl.get_server_certificate(("127.0.0.1", PORT)).strip()


def expect(name):
    """Waits until the certificate of a file is shown."""
    with open(f"{FOLDER}/{name}") as file:
        wanted = file.read().strip()
    for _ in range(100):
        if shown() == wanted:
            return True
        time.sleep(0.1)
    return False


def install(name, content):
    with open(f"{FOLDER}/.next", "w") as file:
        file.write(content)
    os.chmod(f"{FOLDER}/.next", 0o644)
    os.rename(f"{FOLDER}/.next", f"{FOLDER}/{name}")


class RenewalTests(unittest.TestCase):
    def test_new_clients_see_the_new_one_and_old_ones_are_answered(self):
        shutil.copy(f"{FOLDER}/certificate.pem", f"{FOLDER}/old.pem")
        self.assertTrue(expect("old.pem"))
        before = http.client.HTTPSConnection("127.0.0.1", PORT, context=ssl._create_unverified_context(), timeout=10)
        before.request("GET", "/healthz")
        self.assertEqual(before.getresponse().read(), b'{"status":"ok"}')

        install("certificate.pem", "no certificate at all")
        os.kill(PROCESS, signal.SIGHUP)
        time.sleep(1)
        self.assertTrue(expect("old.pem"), "what is of no use is left alone")

        for name in ("certificate.pem", "key.pem"):
            with open(f"{FOLDER}/new/{name}") as file:
                install(name, file.read())
        os.kill(PROCESS, signal.SIGHUP)
        self.assertTrue(expect("new/certificate.pem"))
        before.request("GET", "/healthz")
        answer = before.getresponse()
        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.headers["Connection"].lower(), "close")


class UnixConnection(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(30)
        self.sock.connect(f"{FOLDER}/data/diatom.sock")


def run(code, answers):
    connection = UnixConnection("localhost")
    body = json.dumps({"language": "python", "code": code})
    connection.request("POST", "/v1/runs", body, {"Content-Type": "application/json"})
    answer = connection.getresponse()
    answers.append((answer.status, json.loads(answer.read())))


class StopTests(unittest.TestCase):
    """The last: afterwards there is no service."""

    def test_what_runs_is_finished_and_nothing_new_begins(self):
        answers = []
        running = threading.Thread(target=run, args=("import time; time.sleep(2); print(42)", answers))
        running.start()
        kept = UnixConnection("localhost")
        kept.connect()
        time.sleep(0.7)
        os.kill(PROCESS, signal.SIGTERM)
        time.sleep(0.5)
        with self.assertRaises(OSError):
            socket.create_connection(("127.0.0.1", PORT))
        kept.request("POST", "/v1/runs", '{"language":"python","code":"print(1)"}', {"Content-Type": "application/json"})
        self.assertEqual(kept.getresponse().status, 503)
        running.join()
        status, result = answers[0]
        self.assertEqual((status, result["status"], result["stdout"]), (200, "succeeded", "42\n"))
        for _ in range(100):
            if not os.path.exists(f"{FOLDER}/data/diatom.sock"):
                return
            time.sleep(0.1)
        self.fail("its socket is still there")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
