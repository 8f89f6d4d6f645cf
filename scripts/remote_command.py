#!/usr/bin/env python3
"""Tests `diatom` against a service of another machine; scripts/test-clients.sh starts one and says where it is."""
import os
import signal
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

DIATOM = Path(__file__).resolve().parent.parent / ".build/release/diatom"
ENVIRONMENT = {
    "PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "DIATOM_URL": os.environ["DIATOM_TEST_URL"],
    "DIATOM_API_KEY": os.environ["DIATOM_TEST_KEY"], "SSL_CERT_FILE": os.environ["DIATOM_TEST_CERTIFICATE"],
}


def diatom(*arguments, given=b"", **more):
    return subprocess.run([DIATOM, *arguments], input=given, capture_output=True, timeout=60,
                          env={**ENVIRONMENT, **more})


class RemoteTests(unittest.TestCase):
    def test_a_program_runs_there(self):
        done = diatom("run", "-v", "-l", "python", "-c", "print(input())", given=b"over there\n")
        self.assertEqual((done.returncode, done.stdout), (0, b"over there\n"))
        self.assertIn(b"service", done.stderr)

    def test_much_goes_both_ways(self):
        data = os.urandom(8 << 20)
        program = "import sys; d = sys.stdin.buffer.read(); print(len(d), flush=True); sys.stdout.buffer.write(d[:500000])"
        done = diatom("run", "-l", "python", "-c", program, given=data)
        self.assertEqual(done.stdout, b"%d\n" % len(data) + data[:500000])

    def test_output_comes_as_it_is_printed(self):
        program = "import time\nfor i in range(3): print(i, flush=True); time.sleep(0.5)"
        command = subprocess.Popen([DIATOM, "run", "-l", "python", "-c", program], env=ENVIRONMENT, stdout=subprocess.PIPE)
        self.assertEqual(command.stdout.readline(), b"0\n")
        first = time.monotonic()
        self.assertEqual(command.stdout.read(), b"1\n2\n")
        self.assertGreater(time.monotonic() - first, 0.5)
        self.assertEqual(command.wait(10), 0)
        command.stdout.close()

    def test_what_is_collected_comes_too(self):
        with tempfile.TemporaryDirectory() as folder:
            program = "open('a.bin', 'wb').write(bytes(range(256)))"
            done = diatom("run", "-l", "python", "-c", program, "--collect", "*.bin", "--out", folder)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual((Path(folder) / "a.bin").read_bytes(), bytes(range(256)))

    def test_the_same_is_answered_from_the_cache(self):
        program = "import os; print(os.urandom(8).hex())"
        first, again = [diatom("run", "--cache", "-l", "python", "-c", program).stdout for _ in range(2)]
        self.assertEqual((first, len(first)), (again, 17))
        self.assertNotEqual(diatom("run", "-l", "python", "-c", program).stdout, first)

    def test_its_exit_code_is_the_programs(self):
        self.assertEqual(diatom("run", "-l", "bash", "-c", "exit 7").returncode, 7)

    def test_a_secret_is_not_in_the_arguments_of_any_process(self):
        command = subprocess.Popen([DIATOM, "run", "-l", "python", "-c", "import time; time.sleep(1)"], env=ENVIRONMENT)
        time.sleep(0.5)
        lines = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists()]
        command.wait()
        self.assertFalse([line for line in lines if ENVIRONMENT["DIATOM_API_KEY"].encode() in line])

    def test_an_interrupt_cancels_there(self):
        command = subprocess.Popen([DIATOM, "run", "-l", "python", "-c", "import time; time.sleep(60)"], env=ENVIRONMENT,
                                   stderr=subprocess.PIPE)
        time.sleep(1)
        command.send_signal(signal.SIGINT)
        self.assertEqual(command.wait(10), 130)
        command.stderr.close()

    def test_nobody_is_believed_without_a_certificate(self):
        done = diatom("run", "-l", "python", "-c", "", SSL_CERT_FILE="/dev/null")
        self.assertEqual(done.returncode, 125)
        self.assertIn(b"cannot be reached", done.stderr)

    def test_a_key_is_not_sent_in_the_clear(self):
        done = diatom("run", "-l", "python", "-c", "", DIATOM_URL="http://service.example:3428")
        self.assertEqual(done.returncode, 2)
        self.assertIn(b"https", done.stderr)

    def test_a_service_that_is_not_there_is_said_so_and_nothing_runs_here(self):
        done = diatom("run", "-l", "python", "-c", "print(1)", DIATOM_URL="http://127.0.0.1:1")
        self.assertEqual((done.returncode, done.stdout), (125, b""))

    def test_what_the_key_may_not_do_is_refused(self):
        done = diatom("keys", "list")
        self.assertEqual(done.returncode, 2)
        self.assertIn(b"admin", done.stderr)

    def test_the_folder_that_is_named_comes_first(self):
        done = diatom("keys", "list", "--data", "/nonexistent")
        self.assertIn(b"no service listens at /nonexistent", done.stderr)


if __name__ == "__main__":
    unittest.main()
