"""A chain: hubs over one database, and tills that sell, each the real program."""

import json
import os
import re
import shutil
import signal
import ssl
import subprocess
import threading
import time
import urllib.request
from decimal import Decimal

from nodes import Failure, wait_for
from till import BREAD, Cashier


class Program:
    """The program under test, with a data directory of its own."""

    def __init__(self, binary, data):
        self.binary, self.data = binary, data

    def run(self, *arguments, text=None, seconds=60):
        """Runs a command to its end. Returns what it says and its exit code."""
        try:
            done = subprocess.run(
                [self.binary, "--data", self.data, "--lang", "en", *arguments],
                input=text,
                stdin=None if text else subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=seconds,
                check=False,
            )
        except subprocess.TimeoutExpired as slow:
            raise Failure(f"olvido {' '.join(arguments)}: no end in {seconds} s") from slow
        return done.stdout, done.stderr, done.returncode

    def must(self, *arguments, text=None):
        out, err, code = self.run(*arguments, text=text)
        if code != 0:
            raise Failure(f"olvido {' '.join(arguments)}: {code}\n{out}\n{err}")
        return out


class Hubs:
    """Several processes that serve over one database, each with a directory of its own; their keys are
    in another."""

    # What all of them have.
    SHARED = ["hub.key", "cert.pem", "key.pem"]

    def __init__(self, binary, directory, net, count, database, keys):
        self.databases = ["--database", database, "--keys-database", keys]
        self.urls = [f"https://{net}.{100 + number}:7878" for number in range(1, count + 1)]
        directories = [os.path.join(directory, str(number)) for number in range(1, count + 1)]
        self.program = Program(binary, directories[0])
        self.processes = []
        for own, url in zip(directories, self.urls):
            os.makedirs(own, mode=0o700)
            for name in self.SHARED if self.processes else []:
                shutil.copy(os.path.join(directories[0], name), own)
            with open(os.path.join(own, "serve.out"), "ab") as out:
                self.processes.append(
                    subprocess.Popen(
                        [binary, "--data", own, "--lang", "en", "hub", "serve"]
                        + ["--listen", url.removeprefix("https://"), *self.databases],
                        cwd=own,
                        stdin=subprocess.DEVNULL,
                        stdout=out,
                        stderr=out,
                    )
                )
            wait_for(f"a hub at {url}", 30, lambda url=url: self.get(url, "/health"))

    def get(self, url, path):
        """What a hub answers, or None. The certificate is one that it made for itself."""
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        try:
            with urllib.request.urlopen(url + path, timeout=10, context=context) as answer:
                return answer.read().decode()
        except OSError:
            return None

    def replication(self):
        """How each hub says that its database is replicated."""
        health = [self.get(url, "/health") for url in self.urls]
        return [json.loads(answer)["database"]["replication"] if answer else None for answer in health]

    def took(self):
        """How many tickets each hub has taken."""
        mark = 'olvido_hub_records_total{series="ticket",answer="created"} '
        lines = [(self.get(url, "/metrics") or "").splitlines() for url in self.urls]
        return [sum(int(line.removeprefix(mark)) for line in of if line.startswith(mark)) for of in lines]

    def code(self, store):
        said = self.program.must("hub", "enrol", "--store", store, *self.databases)
        return re.search(rf"(?m)^\s*({store}\S+)\s*$", said)[1]

    def report(self, store):
        said = self.program.must("hub", "report", "--json", "--store", store, *self.databases)
        return json.loads(said)[0]

    def verifies(self):
        self.said = self.program.run("hub", "verify", *self.databases)
        return self.said[2] == 0

    def stop(self):
        """As an administrator does; each must end by itself, and well."""
        for process in self.processes:
            process.send_signal(signal.SIGTERM)
        codes = [process.wait(20) for process in self.processes]
        if any(codes):
            raise Failure(f"the hubs ended with {codes}")


class Till:
    """What every till has: a data directory, a hub, and tickets that must all arrive there."""

    def __init__(self, binary, directory, series, store):
        self.series, self.store = series, store
        self.program = Program(binary, os.path.join(directory, f"till-{series}"))
        self.program.must("init", "--demo", "--till", f"till {series}", "--series", series)

    def enrol(self, url, code):
        self.program.must("sync", "enrol", url, code)

    def tickets(self):
        """Number and hash of every ticket that was printed, as the tax office is shown them."""
        lines = map(json.loads, self.program.must("export", "tickets").splitlines())
        return {(int(line["NumSerieFactura"].split("-")[-1]), line["Huella"].lower()) for line in lines}

    def review(self):
        return json.loads(self.program.must("review", "--json"))

    def waiting(self):
        """How many tickets the till believes the hub does not have."""
        return json.loads(self.program.must("sync", "status", "--json"))["waiting"]["ticket"]

    def drain(self, seconds):
        """Exchanges with the hub until nothing waits."""

        def done():
            self.last = self.program.run("sync", "now")
            return self.last[2] == 0

        try:
            wait_for(f"till {self.series} has brought all", seconds, done)
        except Failure as failure:
            raise Failure(f"{failure}: {self.last}") from failure


class Counter(Till):
    """A till with a cashier, which brings its records to the hub by itself while it is open."""

    def open(self):
        self.cashier = Cashier(self.program.binary, self.program.data, self.series)
        self.cashier.start()

    def acknowledged(self):
        """The last ticket that the till holds for durable at the hub, at least."""
        sold = len(self.cashier.sold_at)
        return max(sold - self.waiting(), 0)

    def gap(self):
        """The longest time between two sales."""
        times = self.cashier.sold_at
        return max(after - before for before, after in zip(times, times[1:]))

    def stop(self):
        self.cashier.stop()


class Web(Till, threading.Thread):
    """Sales without a screen, a batch after the other, each brought to the hub before the next. Now and
    then a customer has a purchase forgotten that was kept."""

    BATCH = 10

    def __init__(self, binary, directory, series, store):
        threading.Thread.__init__(self, daemon=True)
        Till.__init__(self, binary, directory, series, store)
        self.sold, self.durable, self.durable_at, self.forgotten = 0, 0, [], 0
        self.stopping, self.failure = threading.Event(), None

    def run(self):
        try:
            while not self.stopping.is_set():
                self.sell()
                if self.program.run("sync", "now")[2] == 0:
                    self.durable = self.sold
                    self.durable_at.append(time.monotonic())
                else:
                    # Every command begins anew: whoever repeats it at once is soon told to wait.
                    self.stopping.wait(0.5)
        except Failure as failure:
            self.failure = failure

    def sell(self):
        choices = ["forget", "guarantee"]
        sales = [
            {"id": f"{self.series}{self.sold + n}", "lines": [{"code": BREAD}], "choice": choices[n % 2]}
            for n in range(self.BATCH)
        ]
        answers = self.program.must("ring", text="".join(json.dumps(sale) + "\n" for sale in sales))
        self.sold += self.BATCH
        if self.sold % 30 == 0:
            self.program.run("purchase", "forget", json.loads(answers.splitlines()[-1])["code"])
            self.forgotten += 1

    def open(self):
        self.start()

    def acknowledged(self):
        return self.durable

    def gap(self):
        """The longest time in which nothing came to be durable at the hub."""
        return max(after - before for before, after in zip(self.durable_at, self.durable_at[1:]))

    def stop(self):
        self.stopping.set()
        self.join()
        if self.failure:
            raise self.failure


def sums(reviews):
    """Sales, total and tax of several tills, as one report says them."""
    tax = {}
    for review in reviews:
        for rate, sum_of_rate in review["tax"].items():
            base, due = tax.get(rate, (0, 0))
            tax[rate] = (base + Decimal(sum_of_rate["base"]), due + Decimal(sum_of_rate["tax"]))
    return sum(r["sales"] for r in reviews), sum(Decimal(r["total"]) for r in reviews), tax


def reported(report):
    """The same of the hub's report."""
    euro = report["currency"]["EUR"]
    tax = {rate: (Decimal(s["base"]), Decimal(s["tax"])) for rate, s in euro["tax"].items()}
    return report["sales"], Decimal(euro["total"]), tax
