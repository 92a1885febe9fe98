"""Reads and writes through Python's etcd3; prints one line per check and ends with 1 at the first that fails.

Usage: python_client.py PORT PART...
"""

import sys
import threading

import etcd3


def check(name, actual, expected):
    if actual != expected:
        print(f"FAILED {name}: {actual!r} is not {expected!r}")
        sys.exit(1)
    print(f"ok {name}")


def keys_and_values(client):
    client.put("fruit/apple", "green")
    client.put("fruit/banana", "yellow")
    value, meta = client.get("fruit/apple")
    check("get", (value, meta.key, meta.version), (b"green", b"fruit/apple", 1))
    check("get nothing", client.get("no such key"), (None, None))
    pairs = [(meta.key, value) for value, meta in client.get_prefix("fruit/")]
    check("get prefix", pairs, [(b"fruit/apple", b"green"), (b"fruit/banana", b"yellow")])
    pairs = [value for value, _ in client.get_prefix("fruit/", sort_order="descend", sort_target="key")]
    check("get prefix descending", pairs, [b"yellow", b"green"])
    pairs = [value for value, _ in client.get_range("fruit/a", "fruit/b")]
    check("get range", pairs, [b"green"])
    binary = bytes(range(256))
    client.put("binary", binary)
    check("binary value", client.get("binary")[0], binary)
    check("put if not exists", client.put_if_not_exists("fruit/apple", "x"), False)
    check("replace", client.replace("fruit/apple", "green", "red"), True)
    check("replace again", client.replace("fruit/apple", "green", "blue"), False)
    check("delete", client.delete("fruit/apple"), True)
    check("delete again", client.delete("fruit/apple"), False)
    check("delete prefix", client.delete_prefix("fruit/").deleted, 1)


def transactions(client):
    client.put("doot", "value")
    succeeded, responses = client.transaction(
        compare=[client.transactions.value("doot") == "value", client.transactions.version("doot") > 0],
        success=[client.transactions.put("doot", "success"), client.transactions.get("doot")],
        failure=[client.transactions.put("doot", "failure")],
    )
    check("transaction", succeeded, True)
    check("transaction sees its own put", responses[1][0][0], b"success")
    succeeded, _ = client.transaction(
        compare=[client.transactions.create("doot") == 0],
        success=[],
        failure=[client.transactions.delete("doot")],
    )
    check("transaction that fails", succeeded, False)
    check("its failure branch ran", client.get("doot"), (None, None))


def watches(client):
    seen = []
    done = threading.Event()

    def collect(response):
        for event in response.events:
            seen.append((type(event).__name__, event.key, event.value))
        if len(seen) >= 3:
            done.set()

    watch = client.add_watch_prefix_callback("watched/", collect)
    client.put("watched/1", "one")
    client.put("watched/2", "")
    client.delete("watched/1")
    check("watch delivers", done.wait(30), True)
    client.cancel_watch(watch)
    check(
        "watched events",
        seen,
        [
            ("PutEvent", b"watched/1", b"one"),
            ("PutEvent", b"watched/2", b""),
            ("DeleteEvent", b"watched/1", b""),
        ],
    )


def leases_and_locks(client):
    lease = client.lease(60)
    client.put("leased", "x", lease=lease)
    check("lease ttl", (lease.granted_ttl, 50 < lease.remaining_ttl <= 60), (60, True))
    check("lease keys", lease.keys, [b"leased"])
    lease.refresh()
    lease.revoke()
    check("revoked lease takes its key along", client.get("leased"), (None, None))
    with client.lock("door", ttl=30) as lock:
        check("lock is held", lock.is_acquired(), True)
        check("lock refuses another", client.lock("door", ttl=30).acquire(timeout=0.5), False)
    with client.lock("door", ttl=30) as lock:
        check("lock is free again", lock.is_acquired(), True)


def maintenance(client):
    status = client.status()
    check("status has a version", status.version.startswith("3."), True)
    members = list(client.members)
    check("one member that leads", [member.id for member in members], [status.leader.id])
    check("no alarms", list(client.list_alarms()), [])
    client.put("history", "1")
    revision = client.get("history")[1].response_header.revision
    client.put("history", "2")
    client.compact(revision + 1)
    check("what is live survives a compaction", client.get("history")[0], b"2")
    check("hash", client.hash() > 0, True)
    client.defragment()


PARTS = {part.__name__: part for part in (keys_and_values, transactions, watches, leases_and_locks, maintenance)}


def main():
    client = etcd3.client(host="127.0.0.1", port=int(sys.argv[1]), timeout=30)
    for name in sys.argv[2:]:
        PARTS[name](client)
    client.close()
    print("done")


main()
