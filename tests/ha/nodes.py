"""Three nodes of etcd, Patroni and PostgreSQL on loopback addresses of their own, from Debian's packages.

They run from the very files that the operations page gives: only addresses and directories differ.
"""

import glob
import json
import os
import pwd
import random
import re
import shutil
import signal
import subprocess
import time
import urllib.error
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
USER = "postgres"
NAMES = ["node1", "node2", "node3"]


class Failure(Exception):
    """Something that must not be."""


def wait_for(what, seconds, check):
    """Waits until `check` returns something true, and returns it."""
    end = time.monotonic() + seconds
    while True:
        found = check()
        if found:
            return found
        if time.monotonic() > end:
            raise Failure(f"not within {seconds} s: {what}")
        time.sleep(0.1)


def processes_below(directory):
    """Every process that works in this directory. A server that changed its name and its session is among them."""
    found = []
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            where = os.readlink(f"/proc/{entry}/cwd").removesuffix(" (deleted)")
        except OSError:
            continue
        if (where + "/").startswith(directory + "/"):
            found.append(int(entry))
    return found


def signal_all(directory, number):
    """Sends a signal to every process of a directory; with SIGKILL until there is none left."""
    for _ in range(100):
        processes = processes_below(directory)
        for process in processes:
            try:
                os.kill(process, number)
            except ProcessLookupError:
                pass
        if number != signal.SIGKILL or not processes:
            return
        time.sleep(0.02)
    raise Failure(f"processes in {directory} survive SIGKILL")


def newest_postgres():
    found = [path for path in glob.glob("/usr/lib/postgresql/*/bin") if re.search(r"/\d+/bin$", path)]
    if not found:
        raise Failure("PostgreSQL is not installed: run tests/run once")
    return max(found, key=lambda path: int(path.split("/")[-2]))


def patroni_version():
    said = subprocess.run(["patroni", "--version"], capture_output=True, text=True, check=True).stdout
    return tuple(map(int, re.search(r"(\d+)\.(\d+)\.(\d+)", said).groups()))


def started(command, directory, log):
    """A server in a session of its own, whose words go to the log."""
    return subprocess.Popen(
        unprivileged(command),
        cwd=directory,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        start_new_session=True,
        env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
    )


def unprivileged(command):
    """The command as the user that servers run as: none of them runs as root."""
    if os.geteuid() != 0:
        return command
    return ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", "--", *command]


def give_away(directory):
    """Makes everything there the servers' user's."""
    if os.geteuid() != 0:
        return
    for folder, _, files in os.walk(directory):
        for name in [folder, *(os.path.join(folder, file) for file in files)]:
            shutil.chown(name, USER, pwd.getpwnam(USER).pw_gid)


class KeyServer:
    """A small PostgreSQL by itself for the hubs' shared keys, which nobody archives or copies."""

    ROLE, PASSWORD = "olvido_keys", "SECRET-4"

    def __init__(self, directory, net):
        os.makedirs(directory, mode=0o700)
        give_away(directory)
        self.directory, self.address = directory, f"{net}.90"

    def start(self):
        data, bin = os.path.join(self.directory, "data"), newest_postgres()
        self.run([f"{bin}/initdb", "-D", data, "-U", USER, "-A", "trust", "--no-sync"]).wait()
        self.run([f"{bin}/postgres", "-D", data, "-h", self.address, "-k", self.directory])
        role = f"CREATE ROLE {self.ROLE} LOGIN PASSWORD '{self.PASSWORD}' IN ROLE pg_monitor, pg_checkpoint"
        wait_for("the keys' server", 30, lambda: self.sql(role))
        if not self.sql(f"CREATE DATABASE {self.ROLE} OWNER {self.ROLE}"):
            raise Failure("the keys have no database")

    def run(self, command):
        with open(os.path.join(self.directory, "keys.log"), "ab") as log:
            return started(command, self.directory, log)

    def sql(self, statement):
        """Whether it was carried out."""
        return self.run([f"{newest_postgres()}/psql", "-XAtq", "-h", self.address, "-U", USER, "-c", statement]).wait() == 0

    def url(self):
        return f"postgres://{self.ROLE}:{self.PASSWORD}@{self.address}/{self.ROLE}"


class Node:
    def __init__(self, cluster, number):
        self.cluster = cluster
        self.name = NAMES[number - 1]
        self.address = f"{cluster.net}.{number}"
        self.directory = os.path.join(cluster.directory, self.name)
        self.started = []
        for folder in ["", "run", "etcd", "postgresql"]:
            os.makedirs(os.path.join(self.directory, folder), mode=0o700)
        for service in ["etcd", "patroni"]:
            with open(os.path.join(HERE, f"{service}.yml"), encoding="utf-8") as file:
                text = file.read()
            with open(self.file(service), "w", encoding="utf-8") as file:
                file.write(self.own(text))

    def file(self, service):
        return os.path.join(self.directory, f"{service}.yml")

    def log(self, service):
        return os.path.join(self.directory, f"{service}.log")

    def own(self, text):
        """The file of node 1, as this node needs it here."""
        text = text.replace("10.0.0.0/24", "127.0.0.0/8")
        mine = r"(?m)^(\s*(?:listen|connect_address|[a-z-]*(?:peer|client)-urls): .*)10\.0\.0\.1"
        text = re.sub(mine, rf"\g<1>{self.address}", text)
        text = re.sub(r"(?m)^name: node1$", f"name: {self.name}", text)
        for theirs, here in [
            ("10.0.0.", self.cluster.net + "."),
            ("/var/lib/etcd", self.directory + "/etcd"),
            ("/var/lib/postgresql", self.directory + "/postgresql"),
            ("/run/postgresql", self.directory + "/run"),
            ("/usr/lib/postgresql/15/bin", newest_postgres()),
        ]:
            text = text.replace(theirs, here)
        if patroni_version() >= (3, 0, 3):
            text = text.replace("\netcd:\n", "\netcd3:\n").replace("\nenable-v2: true\n", "\n")
        return text

    def start(self):
        """Starts what is not running of this node, as when its machine comes up."""
        self.run("etcd", ["etcd", "--config-file", self.file("etcd")])
        self.run("patroni", ["patroni", self.file("patroni")])

    def run(self, service, command):
        with open(self.log(service), "ab") as log:
            self.started.append(started(command, self.directory, log))

    def kill(self):
        """As when the power of this machine fails: nothing of it runs on, nothing says good-bye."""
        signal_all(self.directory, signal.SIGKILL)
        for process in self.started:
            process.wait()
        self.started.clear()

    def freeze(self):
        """As when a virtual machine is suspended."""
        signal_all(self.directory, signal.SIGSTOP)

    def thaw(self):
        signal_all(self.directory, signal.SIGCONT)

    def rest(self, path, seconds=2):
        """What Patroni answers here, or None."""
        try:
            with urllib.request.urlopen(f"http://{self.address}:8008{path}", timeout=seconds) as answer:
                return json.load(answer)
        except (OSError, ValueError, urllib.error.URLError):
            return None


class Cluster:
    def __init__(self, directory):
        os.makedirs(directory, mode=0o755)
        self.directory = directory
        # Loopback addresses that no other run uses, so that the ports can be the usual ones.
        self.net = f"127.{random.randint(1, 254)}.{random.randint(0, 254)}"
        self.nodes = [Node(self, number) for number in (1, 2, 3)]
        give_away(directory)

    def start(self):
        for node in self.nodes:
            node.start()
        self.wait_whole(90)

    def members(self):
        """Every member, as the first node sees it that answers."""
        return next((seen["members"] for seen in (node.rest("/cluster") for node in self.nodes) if seen), [])

    def leader(self):
        """The node that is primary and says so itself, or None."""
        for node in self.nodes:
            answer = node.rest("/primary", 1)
            if answer and answer.get("state") == "running":
                return node
        return None

    def wait_leader(self, seconds, other_than=None):
        def found():
            leader = self.leader()
            return leader if leader is not other_than else None

        return wait_for("a leader", seconds, found)

    def wait_whole(self, seconds):
        """Until there is a leader, a synchronous standby and another standby: then a leader may die."""

        def whole():
            members = self.members()
            roles = sorted(member["role"] for member in members if member["state"] in ("running", "streaming"))
            # What a node said of itself before it was gone stands there for a while.
            timelines = {member.get("timeline") for member in members}
            return roles == ["leader", "replica", "sync_standby"] and len(timelines) == 1

        wait_for("leader, synchronous standby and replica", seconds, whole)

    def hosts(self):
        return ",".join(node.address for node in self.nodes)

    def sql(self, statement, database="postgres", host=None, seconds=30):
        """Runs a statement at the leader, or at one host. Returns what psql says; raises Failure, also on a
        warning."""
        where = f"host={host}" if host else f"host={self.hosts()} target_session_attrs=read-write"
        address = f"{where} user=postgres dbname={database} connect_timeout=2"
        try:
            done = subprocess.run(
                [newest_postgres() + "/psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", address, "-c", statement],
                env={"PATH": os.environ["PATH"], "PGPASSWORD": "SECRET-1"},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=seconds,
                check=False,
            )
        except subprocess.TimeoutExpired as slow:
            raise Failure(f"{statement}: no answer in {seconds} s") from slow
        if done.returncode != 0 or done.stderr:
            raise Failure(f"{statement}: {done.stderr.strip()}")
        return done.stdout.strip()
