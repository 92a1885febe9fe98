"""Watches PostgreSQL servers and writes to whichever is primary, until its input ends.

Usage: patroni_witness.py PASSWORD PORT...

Prints one JSON object per line: {"seen": {port: role}} for each look at all of them, {"two": [port, port]} when two were primaries
at one moment, {"acknowledged": number} for each row that was written for good.
"""

import json
import sys
import threading

import psycopg2

password, *ports = sys.argv[1:]
stop = threading.Event()
printing = threading.Lock()
primary = None


def say(**what):
    with printing:
        print(json.dumps(what), flush=True)


def connect(port):
    connection = psycopg2.connect(
        host="127.0.0.1", port=port, user="postgres", password=password, dbname="postgres", connect_timeout=2
    )
    connection.autocommit = True
    return connection


class Server:
    """Keeps a connection, since a look at a server must be cheaper than the time between two looks."""

    def __init__(self, port):
        self.port = port
        self.connection = None

    def role(self):
        try:
            self.connection = self.connection or connect(self.port)
            with self.connection.cursor() as cursor:
                cursor.execute("select pg_is_in_recovery()")
                return "replica" if cursor.fetchone()[0] else "primary"
        except psycopg2.Error:
            self.connection = None
            return "down"


def watch():
    global primary
    servers = [Server(port) for port in ports]
    while not stop.wait(0.05):
        roles = {server.port: server.role() for server in servers}
        say(seen=roles)
        primaries = [server for server in servers if roles[server.port] == "primary"]
        # One may have died and the next been promoted between two questions of this look: the first is asked again.
        if len(primaries) > 1 and primaries[0].role() == "primary":
            say(two=[server.port for server in primaries])
        primary = primaries[0].port if len(primaries) == 1 else None


def write():
    number = 0
    connection, port = None, None
    while not stop.wait(0.02):
        if primary is None:
            continue
        try:
            if port != primary or connection is None:
                port = primary
                connection = connect(port)
            number += 1
            del connection.notices[:]
            with connection.cursor() as cursor:
                cursor.execute("insert into ledger values (%s)", (number,))
            # A wait for the standby that was given up is a notice, and no promise.
            if not connection.notices:
                say(acknowledged=number)
        except psycopg2.Error:
            connection = None


threads = [threading.Thread(target=work, daemon=True) for work in (watch, write)]
for thread in threads:
    thread.start()
sys.stdin.read()
stop.set()
for thread in threads:
    thread.join(5)
