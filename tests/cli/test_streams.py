"""Pipes: answers come in time, memory does not grow, a closed or full output ends the run."""

import os
import pathlib
import signal
import subprocess
import tempfile
import threading
import unittest

from tool import CLI, MODEL, ask, exhaustive, run


def start(*arguments, **options):
    return subprocess.Popen([CLI, *map(str, arguments)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, **options)


class Pipes(unittest.TestCase):
    def test_a_batch_is_answered_while_the_input_is_open(self):
        with start("predict", "-m", MODEL, "--batch-size", 2) as process:
            for _ in range(2):
                process.stdin.write(b"one text\nanother text\n")
                process.stdin.flush()
                self.assertIn(b"\t", process.stdout.readline())
                self.assertIn(b"\t", process.stdout.readline())
            process.stdin.close()
            self.assertEqual(process.stdout.read(), b"")
        self.assertEqual(process.returncode, 0)

    def test_an_end_of_input_is_asked_for_once(self):
        """As on a terminal, where a second Ctrl-D would be needed."""
        with start("tokenize", "-m", MODEL) as process:
            out, _ = process.communicate(b"a")
        self.assertEqual(out, ask("tokenize", b"a\n"))

    def test_nobody_reads_the_output(self):
        """`fewfit ... | head -1` ends in silence, by the signal that says so."""
        with start("tokenize", "-m", MODEL) as process:
            process.stdout.close()

            def feed():
                try:
                    process.stdin.write(b"text\n" * 100_000)
                    process.stdin.close()
                except BrokenPipeError:
                    pass

            feeder = threading.Thread(target=feed)
            feeder.start()
            self.assertEqual(process.stderr.read(), b"")
            self.assertEqual(process.wait(), -signal.SIGPIPE)
            feeder.join()

    def test_nobody_reads_the_output_and_the_signal_is_ignored(self):
        ignore = lambda: signal.signal(signal.SIGPIPE, signal.SIG_IGN)
        with start("tokenize", "-m", MODEL, preexec_fn=ignore, restore_signals=False) as process:
            process.stdout.close()
            process.stdin.write(b"text\n")
            process.stdin.close()
            self.assertEqual(process.stderr.read(), b"")
        self.assertEqual(process.returncode, 1)

    @unittest.skipUnless(os.path.exists("/dev/full"), "no /dev/full here")
    def test_a_full_disk_is_said(self):
        with open("/dev/full", "wb") as full:
            for command in (["predict", "-m", MODEL], ["inspect", MODEL], ["verify", MODEL]):
                done = subprocess.run([CLI, *command], input=b"a\n", stdout=full, stderr=subprocess.PIPE)
                self.assertEqual(done.returncode, 1)
                self.assertIn(b"fewfit: cannot write: No space left", done.stderr)


class Size(unittest.TestCase):
    @exhaustive
    def test_memory_does_not_grow_with_the_input(self):
        def peak(lines):
            with tempfile.TemporaryDirectory() as directory:
                path = pathlib.Path(directory, "in.txt")
                path.write_bytes(b"a line of some words\n" * lines)
                process = subprocess.Popen([CLI, "tokenize", "-m", MODEL, "-i", str(path)], stdout=subprocess.PIPE)
                count = sum(1 for _ in process.stdout)
                _, status, usage = os.wait4(process.pid, 0)
                process.stdout.close()
                process.returncode = os.waitstatus_to_exitcode(status)
                self.assertEqual((process.returncode, count), (0, lines))
                return usage.ru_maxrss

        self.assertLess(peak(200_000) - peak(1_000), 8 * 1024)  # KiB

    def test_a_line_of_megabytes(self):
        line = "слово ".encode() * 500_000
        answer = ask("tokenize", line + b"\nx\n").splitlines()
        self.assertEqual([len(a.split()) for a in answer], [128, 3])

    def test_no_progress_bar_where_nobody_looks(self):
        with tempfile.TemporaryDirectory() as directory:
            path = pathlib.Path(directory, "in.txt")
            path.write_bytes("Мы подробно обсуждали каждый шаг этой работы. ".encode() * 10 + b"\n")
            done = run("predict", "-m", MODEL, "-i", path)
        self.assertEqual((done.returncode, done.stderr), (0, b""))


if __name__ == "__main__":
    unittest.main()
