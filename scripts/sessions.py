#!/usr/bin/env python3
"""Tests sessions over HTTP and from the command line, against a service of its own. Needs what `make build` makes.

  scripts/sessions.py
"""
import http.client
import json
import os
import subprocess
import tempfile
import threading
import time
import unittest
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
DIATOM = PROJECT / ".build/release/diatom"


class Service:
    def __init__(self):
        self.folder = tempfile.TemporaryDirectory()
        os.chmod(self.folder.name, 0o755)
        self.data = f"{self.folder.name}/data"
        import socket
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.process = subprocess.Popen(
            [DIATOM, "serve", "--data", self.data, "--listen", f"127.0.0.1:{self.port}", "--allow", "memory:sampled"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(200):
            try:
                if self.ask("GET", "/readyz")[0] == 200:
                    return
            except OSError:
                time.sleep(0.1)
        raise RuntimeError("the service does not start")

    def open(self, method, path, body=None, headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        if isinstance(body, (dict, list)):
            body, headers = json.dumps(body), {"Content-Type": "application/json", **(headers or {})}
        connection.request(method, path, body, headers or {})
        return connection, connection.getresponse()

    def ask(self, method, path, body=None, headers=None):
        connection, response = self.open(method, path, body, headers)
        data = response.read()
        connection.close()
        return response.status, json.loads(data) if data and "json" in response.headers["content-type"] else data

    def lines(self, method, path, body):
        connection, response = self.open(method, path, body, {"Accept": "application/x-ndjson"})
        for line in response:
            if line.strip():
                yield json.loads(line)
        connection.close()

    def stop(self):
        self.process.terminate()
        self.process.wait(20)
        self.folder.cleanup()


class SessionTests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.service = Service()

    @classmethod
    def tearDownClass(cls):
        cls.service.stop()

    def setUp(self):
        status, self.session = self.service.ask("POST", "/v1/sessions", {"metadata": {"test": self.id()}})
        self.assertEqual(status, 201, self.session)
        self.path = f"/v1/sessions/{self.session['id']}"
        self.addCleanup(lambda: self.service.ask("DELETE", self.path))

    def ask(self, method, path, body=None, status=200, **more):
        got, answer = self.service.ask(method, self.path + path, body, **more)
        self.assertEqual(got, status, answer)
        return answer

    def cell(self, code, **more):
        return self.ask("POST", "/cells", {"code": code, **more})

    def test_a_cell_and_its_parts(self):
        self.cell("x = 6")
        result = self.cell("print('seen'); x * 7")
        self.assertEqual((result["status"], result["stdout"]), ("succeeded", "seen\n"))
        self.assertEqual(result["results"], [{"text/plain": "42", "source": "guest"}])
        self.assertEqual(result["execution_count"], 2)
        self.assertGreater(result["usage"]["wall_ms"], 0)

    def test_events_come_while_the_cell_runs(self):
        began, seen = time.monotonic(), {}
        for event in self.service.lines("POST", self.path + "/cells", {
                "code": "import time\nprint('one')\ntime.sleep(1)\nprint('two')\n3", "stream": True}):
            seen.setdefault(event["event"], time.monotonic() - began)
        self.assertEqual(list(seen), ["started", "stdout", "result", "finished"])
        self.assertLess(seen["stdout"] + 0.5, seen["finished"])

    def test_input_is_answered(self):
        cell, text = None, ""
        for event in self.service.lines("POST", self.path + "/cells", {
                "code": "print('hello', input('who? '))", "stream": True}):
            if event["event"] == "started":
                cell = event["id"]
            if event["event"] == "input_request":
                self.assertEqual(event["prompt"], "who? ")
                self.ask("POST", f"/cells/{cell}/input", {"id": event["id"], "text": "Ada"})
            text += event.get("text", "")
        self.assertEqual(text, "hello Ada\n")

    def test_a_client_that_goes_interrupts_its_cell(self):
        self.cell("kept = 1")
        connection, response = self.service.open(
            "POST", self.path + "/cells", {"code": "while True: pass", "stream": True}, {"Accept": "application/x-ndjson"})
        response.readline()
        connection.sock.close() if connection.sock else response.close()
        connection.close()
        response.close()
        self.assertEqual(self.cell("kept")["results"][0]["text/plain"], "1")

    def test_interrupt(self):
        results = []
        thread = threading.Thread(target=lambda: results.append(self.cell("import time\ntime.sleep(60)")))
        thread.start()
        time.sleep(0.5)
        self.ask("POST", "/checkpoints", {}, status=409)
        self.ask("POST", "/interrupt", {})
        thread.join(20)
        self.assertEqual(results[0]["status"], "cancelled")
        self.assertEqual(self.cell("1 + 1")["results"][0]["text/plain"], "2")

    def test_files(self):
        large = os.urandom(3 << 20)
        put = self.ask("PUT", "/files/a/large.bin", large, status=201)
        self.assertEqual(put["size_bytes"], len(large))
        self.assertEqual(self.ask("GET", "/files/a/large.bin"), large)
        connection, response = self.service.open("GET", self.path + "/files/a/large.bin", None, {"Range": "bytes=100-199"})
        self.assertEqual((response.status, response.read()), (206, large[100:200]))
        connection.close()
        connection, response = self.service.open("GET", self.path + "/files/a/large.bin", None, {"Range": "bytes=9999999-"})
        self.assertEqual(response.status, 416)
        connection.close()
        self.ask("PUT", "/files//tmp/absolute", b"x", status=201)
        self.assertEqual(self.cell("open('/tmp/absolute').read()")["results"][0]["text/plain"], "'x'")
        self.assertEqual([file["name"] for file in self.ask("GET", "/files?depth=2")["files"]], ["a", "large.bin"])
        self.ask("POST", "/files:move", {"path": "a/large.bin", "to": "b/moved.bin"})
        self.assertEqual(self.ask("GET", "/files/b/moved.bin?info=true")["type"], "file")
        self.ask("DELETE", "/files/b")
        self.ask("GET", "/files/b", status=404)
        self.ask("PUT", "/files//etc/passwd", b"x", status=403)

    def test_watching(self):
        seen = []

        def watch():
            for event in self.service.lines("POST", self.path + "/files:watch", {"path": "/home/user"}):
                seen.append((event.get("type"), event.get("name")))
                if event.get("type") == "removed":
                    return

        thread = threading.Thread(target=watch)
        thread.start()
        while not seen:
            time.sleep(0.05)
        self.cell("import os\nopen('w', 'w').close()\nos.unlink('w')")
        thread.join(20)
        self.assertIn(("created", "w"), seen)
        self.assertIn(("removed", "w"), seen)

    def test_commands(self):
        events = list(self.service.lines("POST", self.path + "/commands", {"cmd": "echo out; echo err >&2; exit 3"}))
        self.assertEqual(events[0]["event"], "started")
        self.assertEqual(events[-1]["exit_code"], 3)
        self.assertEqual({event["event"] for event in events}, {"started", "stdout", "stderr", "finished"})
        pid = self.ask("POST", "/commands", {"cmd": ["cat"], "background": True, "keep_stdin": True}, status=201)["pid"]
        self.assertEqual([command["pid"] for command in self.ask("GET", "/commands")["commands"]], [pid])
        self.ask("POST", f"/commands/{pid}/stdin", {"data": "fed", "close": True})
        replay = list(self.service.lines("GET", f"{self.path}/commands/{pid}/events", None))
        self.assertEqual([event.get("text") for event in replay if event["event"] == "stdout"], ["fed"])
        again = list(self.service.lines("GET", f"{self.path}/commands/{pid}/events?from=2", None))
        self.assertEqual([event["event"] for event in again], ["stdout", "finished"])
        pid = self.ask("POST", "/commands", {"cmd": "sleep 100", "background": True}, status=201)["pid"]
        self.ask("POST", f"/commands/{pid}/signal", {"signal": "SIGKILL"})
        self.assertEqual(list(self.service.lines("GET", f"{self.path}/commands/{pid}/events", None))[-1]["signal"], 9)
        self.ask("POST", "/commands/99999/signal", {"signal": "SIGKILL"}, status=404)

    def test_states(self):
        self.cell("x = 1\nopen('f', 'w').write('one')")
        kept = self.ask("POST", "/checkpoints", {}, status=201)
        self.cell("x = 2\nopen('f', 'w').write('two')")
        self.ask("POST", "/rollback", {"checkpoint": kept["id"]})
        self.assertEqual(self.cell("x, open('f').read()")["results"][0]["text/plain"], "(1, 'one')")
        failed = self.cell("x = 3\n1/0", on_error="rollback")
        self.assertTrue(failed["rolled_back"])
        self.assertEqual(self.cell("x")["results"][0]["text/plain"], "1")
        self.ask("DELETE", f"/checkpoints/{kept['id']}")
        self.ask("POST", "/rollback", {}, status=404)

    def test_forks(self):
        self.cell("x = 1")
        forks = self.ask("POST", "/fork", {"count": 3}, status=201)["sessions"]
        for number, fork in enumerate(forks):
            path = f"/v1/sessions/{fork['id']}"
            self.addCleanup(lambda path=path: self.service.ask("DELETE", path))
            self.assertEqual(fork["parent"], self.session["id"])
            got = self.service.ask("POST", path + "/cells", {"code": f"x += {number}\nx"})[1]
            self.assertEqual(got["results"][0]["text/plain"], str(1 + number))
        self.assertEqual(self.cell("x")["results"][0]["text/plain"], "1")
        tree = self.ask("GET", "/tree")
        self.assertEqual({fork["id"] for fork in tree["forks"]}, {fork["id"] for fork in forks})

    def test_life(self):
        self.assertEqual(self.ask("PATCH", "", {"name": "n", "idle_ms": None})["name"], "n")
        self.assertIsNone(self.ask("GET", "")["expires_at"])
        found = self.service.ask("GET", f"/v1/sessions?metadata.test={self.id()}&state=running")[1]["sessions"]
        self.assertEqual([session["id"] for session in found], [self.session["id"]])
        self.ask("POST", "/pause", {})
        self.ask("POST", "/cells", {"code": "1"}, status=409)
        self.ask("POST", "/resume", {})
        self.cell("1")
        self.assertEqual(self.ask("GET", "/usage")["cells"], 1)
        self.assertEqual(self.ask("DELETE", "")["state"], "stopped")
        self.ask("POST", "/cells", {"code": "1"}, status=409)

    def test_what_is_wrong_is_named(self):
        for method, path, body, status, field in [
                ("POST", "/cells", {}, 400, "code"), ("POST", "/cells", {"code": "1", "x": 1}, 400, "x"),
                ("POST", "/cells", {"code": "1", "language": "cobol"}, 422, "language"),
                ("POST", "/cells", {"code": "1", "context": "ctx_9"}, 404, "context"),
                ("POST", "/cells", {"code": "1", "limits": {"memory_mb": 5}}, 400, "limits.memory_mb"),
                ("POST", "/commands", {"cmd": []}, 400, "cmd"), ("POST", "/fork", {"count": 1000}, 400, "count"),
                ("POST", "/files:move", {"path": "a"}, 400, "to"), ("PATCH", "", {"limits": {}}, 400, "limits")]:
            with self.subTest(path=path, body=body):
                answer = self.ask(method, path, body, status=status)
                self.assertEqual(answer["error"]["field"], field, answer)
        self.assertEqual(self.service.ask("GET", "/v1/sessions/ses_00000000000000000000000000")[0], 404)

    def diatom(self, *arguments, stdin=""):
        return subprocess.run(
            [DIATOM, "session", *arguments, "--data", self.service.data], input=stdin, capture_output=True, text=True,
            timeout=60)

    def test_the_prompt(self):
        typed = "x = 6\nx * 7\nfor i in range(2):\n    print(i)\n\n:checkpoint\nx = 1\n:rollback\nx\n:bash\necho $((1 + 2))\n"
        said = self.diatom("new", stdin=typed)
        self.assertEqual(
            said.stdout.splitlines(),
            ["Out[2]: 42", "0", "1", "kept as cp_1", "the session is as it was at cp_1", "Out[5]: 6", "3"], said.stderr)
        self.assertEqual(said.returncode, 0)
        self.assertEqual(self.diatom("new", stdin="1/0\n").returncode, 1)

    def test_one_cell_from_the_command_line(self):
        said = self.diatom("exec", self.session["id"], "-c", "print(1)\n2")
        self.assertEqual((said.stdout, said.returncode), ("1\nOut[0]: 2\n", 0))
        self.assertIn(self.session["id"], self.diatom("list").stdout)
        self.assertEqual(self.diatom("exec", "ses_nothing", "-c", "1").returncode, 2)

    def test_a_notebook(self):
        def code(source):
            return {"cell_type": "code", "metadata": {}, "execution_count": None, "outputs": [], "source": source}

        notebook = {"cells": [
            {"cell_type": "markdown", "metadata": {}, "source": "# Title"}, code(["x = 1\n", "print('out')\n", "x"]),
            code("1/0"), code("from IPython.display import HTML\nHTML('<b>b</b>')")],
            "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "in.ipynb").write_text(json.dumps(notebook))
            said = self.diatom("run", f"{folder}/in.ipynb", "-o", f"{folder}/out.ipynb")
            self.assertEqual(said.returncode, 1, said.stderr)
            cells = json.loads(Path(folder, "out.ipynb").read_text())["cells"]
        self.assertEqual([output["output_type"] for output in cells[1]["outputs"]], ["stream", "execute_result"])
        self.assertEqual(cells[1]["execution_count"], 1)
        self.assertEqual(cells[2]["outputs"][0]["ename"], "ZeroDivisionError")
        self.assertEqual(cells[3]["outputs"][0]["data"]["text/html"], "<b>b</b>")


if __name__ == "__main__":
    unittest.main()
