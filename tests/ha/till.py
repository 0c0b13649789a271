"""Tills that sell: the real program at a pseudo-terminal, with a cashier who only looks and types."""

import codecs
import fcntl
import os
import pty
import re
import select
import struct
import termios
import threading
import time

from nodes import Failure

ROWS, COLUMNS = 24, 80
BREAD = "0400001010013"
PAY, EXACT, CUSTOMER, GUARANTEE = "\x10", "a", "\x0b", "2"
# The till takes keys that come within 110 ms of each other for a scanner's where they pay or choose.
PERSON_SECONDS = 0.15
PATIENCE_SECONDS = 20


class Screen:
    """What a terminal shows, as far as the till makes use of one."""

    SEQUENCE = re.compile(r"\x1b(?:\[([0-?]*)[ -/]*([@-~])|\][^\x07\x1b]*(?:\x07|\x1b\\)|[()][0-9A-Z]|[=>78cM])")

    def __init__(self):
        self.rows = [[" "] * COLUMNS for _ in range(ROWS)]
        self.row = self.column = 0
        self.rest = ""

    def take(self, text):
        text = self.rest + text
        at = 0
        while at < len(text):
            if text[at] != "\x1b":
                self.put(text[at])
                at += 1
                continue
            found = self.SEQUENCE.match(text, at)
            if not found:
                if len(text) - at < 64:
                    break
                at += 1
                continue
            if found[2]:
                self.control(found[1], found[2])
            at = found.end()
        self.rest = text[at:]

    def put(self, character):
        if character == "\r":
            self.column = 0
        elif character == "\n":
            self.row = min(self.row + 1, ROWS - 1)
        elif character >= " ":
            if self.column < COLUMNS:
                self.rows[self.row][self.column] = character
            self.column += 1

    def control(self, numbers, kind):
        values = [int(number) if number.isdigit() else 0 for number in numbers.split(";")]
        if kind in "Hf":
            self.row = min(max(values[0], 1), ROWS) - 1
            self.column = max(values[1] if len(values) > 1 else 1, 1) - 1
        elif kind in "ABCDG":
            step = max(values[0], 1)
            if kind in "AB":
                self.row = min(max(self.row + (step if kind == "B" else -step), 0), ROWS - 1)
            else:
                self.column = {"C": self.column + step, "D": self.column - step, "G": step - 1}[kind]
        elif kind == "J" and values[0] == 2:
            self.rows = [[" "] * COLUMNS for _ in range(ROWS)]
        elif kind == "K" and values[0] == 0:
            self.rows[self.row][self.column :] = [" "] * (COLUMNS - self.column)

    def text(self):
        return "\n".join("".join(row) for row in self.rows)


class Cashier(threading.Thread):
    """Sells one bread after the other until told to stop. Every fifth customer keeps it for the guarantee."""

    def __init__(self, program, data, series):
        super().__init__(daemon=True)
        self.program, self.data, self.series = program, data, series
        self.sold_at = []
        self.stopping = threading.Event()
        self.failure = None
        self.screen = Screen()
        self.decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self.process, self.terminal = pty.fork()
        if self.process == 0:
            os.chdir(data)
            os.execve(program, [program, "--data", data], {"TERM": "xterm-256color", "OLVIDO_LANG": "en"})
        fcntl.ioctl(self.terminal, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))

    def run(self):
        try:
            self.sees("code, name or 3*")
            while not self.stopping.is_set():
                self.sell()
            self.types("\x02")
            end = time.monotonic() + PATIENCE_SECONDS
            while os.waitpid(self.process, os.WNOHANG)[0] == 0:
                self.look(0.05)
                if time.monotonic() > end:
                    raise Failure("the till does not close")
        except (Failure, OSError) as failure:
            self.failure = f"till {self.series}: {failure}\n{self.screen.text()}"

    def stop(self):
        self.stopping.set()
        self.join()
        if self.failure:
            raise Failure(self.failure)

    def sell(self):
        number = len(self.sold_at) + 1
        self.types(BREAD + "\r", "1 line")
        if number % 5 == 0:
            self.types(CUSTOMER, "Forget this purchase")
            self.types(GUARANTEE)
            self.types("\r", "1 line")
        self.types(PAY, "Cash given")
        self.types(EXACT, f"{self.series}-{number:06}")
        self.sold_at.append(time.monotonic())

    def types(self, keys, then=None):
        time.sleep(PERSON_SECONDS)
        os.write(self.terminal, keys.encode())
        if then:
            self.sees(then)

    def sees(self, text):
        end = time.monotonic() + PATIENCE_SECONDS
        while text not in self.screen.text():
            if time.monotonic() > end:
                raise Failure(f"the screen does not show {text!r}")
            self.look(0.5)

    def look(self, seconds):
        if select.select([self.terminal], [], [], seconds)[0]:
            try:
                self.screen.take(self.decode(os.read(self.terminal, 65536)))
            except OSError:
                time.sleep(seconds)
