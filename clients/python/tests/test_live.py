"""Against a live service; scripts/test-clients.sh starts it and says where it is."""
import asyncio
import inspect
import os
import ssl
import threading
import time
import unittest

import diatom

URL, SOCKET = os.environ["DIATOM_TEST_URL"], os.environ["DIATOM_TEST_SOCKET"]
KEY, ADMIN = os.environ["DIATOM_TEST_KEY"], os.environ["DIATOM_TEST_ADMIN_KEY"]
TRUST = ssl.create_default_context(cafile=os.environ["DIATOM_TEST_CERTIFICATE"])


def client(key=KEY, **options):
    return diatom.Client(URL, key, verify=TRUST, **options)


class RunTests(unittest.TestCase):
    def setUp(self):
        self.client = client()
        self.addCleanup(self.client.close)

    def test_a_program_runs_and_its_output_comes_back(self):
        result = self.client.run("print(int(input())**2)", "python", stdin="7")
        self.assertTrue(result.ok)
        self.assertEqual((result.status, result.exit_code, result.stdout), ("succeeded", 0, "49\n"))
        self.assertGreater(result.usage.wall_ms, 0)
        self.assertIn("seccomp", " ".join(result.receipt["layers"]))

    def test_what_is_no_text_goes_both_ways(self):
        data = bytes(range(256))
        result = self.client.run("import sys; sys.stdout.buffer.write(sys.stdin.buffer.read())", "python", stdin=data)
        self.assertEqual(result.stdout_bytes, data)

    def test_a_program_that_fails_is_a_result(self):
        result = self.client.run("x = 1\nx.nothing", "python")
        self.assertFalse(result.ok)
        self.assertEqual((result.error.name, result.error.line), ("AttributeError", 2))

    def test_a_limit_says_which_and_how_it_was_measured(self):
        result = self.client.run("while True: pass", "python", limits={"wall_ms": 200})
        self.assertEqual((result.status, result.limit.name, result.limit.allowed), ("time_exceeded", "wall_ms", 200))

    def test_files_go_in_and_come_out(self):
        result = self.client.run(
            None, "python", files={"app.py": "import shutil; shutil.copy('in.bin', 'out.bin')", "in.bin": b"\xff\x00"},
            entry="app.py", collect=["*.bin"])
        files = {file.path: file.content for file in result.files}
        self.assertEqual(files["out.bin"], b"\xff\x00")
        self.assertEqual(self.client.file(result.id, "out.bin"), b"\xff\x00")

    def test_tests_compile_once(self):
        source = '#include <stdio.h>\nint main(void) { int n; scanf("%d", &n); printf("%d", n * n); }'
        result = self.client.run(source, "c", tests=[{"stdin": "2"}, {"stdin": "3"}])
        self.assertEqual([test.stdout for test in result.tests], ["4", "9"])
        self.assertEqual(result.compile.status, "succeeded")

    def test_what_is_refused_names_the_field(self):
        with self.assertRaises(diatom.RequestFailed) as caught:
            self.client.run("", "klingon")
        self.assertEqual((caught.exception.status, caught.exception.code), (422, "unknown_language"))
        with self.assertRaises(diatom.RequestFailed) as caught:
            self.client.run("", "python", limits={"memory_mb": 10**9})
        self.assertEqual(caught.exception.field, "limits.memory_mb")

    def test_the_same_key_runs_once(self):
        key = f"once-{time.time_ns()}"
        first = self.client.run("import uuid; print(uuid.uuid4())", "python", idempotency_key=key)
        again = self.client.run("import uuid; print(uuid.uuid4())", "python", idempotency_key=key)
        self.assertEqual((first.id, first.stdout), (again.id, again.stdout))

    def test_a_batch_answers_each_in_its_place(self):
        answers = self.client.batch([{"code": "print(1)", "language": "python"}, {"code": "", "language": "klingon"}])
        self.assertEqual(answers[0].stdout, "1\n")
        self.assertIsInstance(answers[1], diatom.RequestFailed)


class StreamTests(unittest.TestCase):
    def test_events_come_as_they_happen(self):
        program = "import time\nfor i in range(3): print(i, flush=True); time.sleep(0.3)"
        with client() as service:
            begun, came = time.monotonic(), []
            for event in service.stream(program, "python"):
                came.append((event.name, event.text if event.name == "stdout" else "", time.monotonic() - begun))
        self.assertEqual("".join(text for name, text, _ in came if name == "stdout"), "0\n1\n2\n")
        self.assertEqual(came[-1][0], "finished")
        first = next(at for name, _, at in came if name == "stdout")
        self.assertGreater(came[-1][2] - first, 0.5)

    def test_a_submitted_run_is_followed_waited_for_and_cancelled(self):
        with client() as service:
            run = service.submit("print(5)", "python")
            self.assertEqual(service.wait(run).stdout, "5\n")
            long = service.submit("import time; time.sleep(60)", "python")
            self.assertIsNone(service.get(long))
            service.cancel(long)
            self.assertEqual(service.wait(long).status, "cancelled")

    def test_a_stream_that_is_left_ends_its_run(self):
        with client() as service:
            events = service.stream("import time\nprint(1, flush=True)\ntime.sleep(60)", "python")
            run = next(event.data["id"] for event in events if event.name == "started")
            events.close()
            self.assertEqual(service.wait(run).status, "cancelled")


class RecordTests(unittest.TestCase):
    def test_the_history_has_pages_and_forgets(self):
        with client() as service:
            made = [service.run(f"print({number})", "python").id for number in range(5)]
            found = [run.id for run, _ in zip(service.runs(limit=2, language="python"), range(5))]
            self.assertEqual(found, made[::-1])
            service.forget(made[0])
            with self.assertRaises(diatom.RequestFailed) as caught:
                service.get(made[0])
            self.assertEqual(caught.exception.status, 404)

    def test_keys_are_made_used_and_revoked(self):
        with client(ADMIN) as admin:
            key = admin.create_key("made by a test", ["run"], max_wall_ms=1000, languages=["python"])
            with client(key.secret) as service:
                self.assertTrue(service.run("print(1)", "python").ok)
                with self.assertRaises(diatom.RequestFailed):
                    service.run("echo", "bash")
                with self.assertRaises(diatom.RequestFailed) as caught:
                    service.keys()
                self.assertEqual(caught.exception.status, 403)
                admin.revoke_key(key.id)
                with self.assertRaises(diatom.RequestFailed) as caught:
                    service.run("print(1)", "python")
                self.assertEqual(caught.exception.status, 401)
            self.assertIn(key.id, [known.id for known in admin.keys()])
            self.assertGreater(admin.stats()["runs"], 0)

    def test_another_keys_runs_are_not_there(self):
        with client(ADMIN) as admin, client() as service:
            run = service.run("print(1)", "python").id
            with client(admin.create_key("other").secret) as other, self.assertRaises(diatom.RequestFailed) as caught:
                other.get(run)
            self.assertEqual(caught.exception.status, 404)

    def test_facts_are_told(self):
        with client() as service:
            self.assertIn("python", [language["id"] for language in service.languages()])
            self.assertRegex(service.version(), r"^\d+\.\d+")


class ConnectionTests(unittest.TestCase):
    def test_the_unix_socket_needs_no_key(self):
        with diatom.Client(f"unix:{SOCKET}") as service:
            self.assertEqual(service.run("print(1)", "python").stdout, "1\n")

    def test_a_certificate_that_nobody_vouches_for_is_refused(self):
        with diatom.Client(URL, KEY, retries=0) as service, self.assertRaises(diatom.Unreachable):
            service.version()

    def test_a_service_that_is_not_there_is_said_so(self):
        with diatom.Client("http://127.0.0.1:1", retries=0) as service, self.assertRaises(diatom.Unreachable):
            service.version()

    def test_a_wrong_key_is_refused(self):
        with client("dtm_" + "0" * 40) as service, self.assertRaises(diatom.RequestFailed) as caught:
            service.run("print(1)", "python")
        self.assertEqual(caught.exception.status, 401)

    def test_a_key_beyond_its_rate_is_let_in_later(self):
        with client(ADMIN) as admin:
            key = admin.create_key("slow", rate="2/s")
        with client(key.secret, retries=0) as hasty, self.assertRaises(diatom.RequestFailed) as caught:
            for _ in range(10):
                hasty.run("", "python")
        self.assertEqual(caught.exception.status, 429)
        self.assertGreaterEqual(caught.exception.retry_after, 1)
        with client(key.secret, retries=5) as patient:
            self.assertTrue(all(patient.run("", "python").ok for _ in range(4)))

    def test_threads_share_a_client(self):
        with client() as service:
            outputs = [None] * 12

            def work(number):
                outputs[number] = service.run(f"print({number})", "python").stdout

            threads = [threading.Thread(target=work, args=[number]) for number in range(12)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        self.assertEqual(outputs, [f"{number}\n" for number in range(12)])


class AsyncTests(unittest.IsolatedAsyncioTestCase):
    async def test_the_same_works_awaited(self):
        async with diatom.AsyncClient(URL, KEY, verify=TRUST) as service:
            results = await asyncio.gather(*(service.run(f"print({number})", "python") for number in range(8)))
            self.assertEqual([result.stdout for result in results], [f"{number}\n" for number in range(8)])
            text = "".join([event.text async for event in service.stream("print(1); print(2)", "python")
                            if event.name == "stdout"])
            self.assertEqual(text, "1\n2\n")
            run = await service.submit("print(3)", "python")
            self.assertEqual((await service.wait(run)).stdout, "3\n")
            self.assertIn(run, [found.id async for found in service.runs()])
            with self.assertRaises(diatom.RequestFailed):
                await service.run("", "klingon")

    def test_both_clients_have_the_same_methods(self):
        def methods(kind):
            return {name: str(inspect.signature(method).parameters) for name, method in vars(kind).items()
                    if callable(method) and not name.startswith("__")}

        self.assertEqual(methods(diatom.Client), methods(diatom.AsyncClient))


if __name__ == "__main__":
    unittest.main()
