"""Uses the JSON gateway through Python's etcd3gw. Argument: host:port. Prints `ok` at the end; any failure is an exception."""

import sys
import threading

from etcd3gw.client import Etcd3Client
from etcd3gw.lock import Lock

host, port = sys.argv[1].split(":")
client = Etcd3Client(host=host, port=int(port), timeout=10, api_path="/v3/")

assert client.status()["version"], "status"
assert client.put("key", "value")
assert client.get("key") == [b"value"]
assert client.get("missing") == []
for name in ("a", "b", "c"):
    client.put("prefix/" + name, name)
assert [value for value, _ in client.get_prefix("prefix/", sort_order="ascend")] == [b"a", b"b", b"c"]
assert client.create("created", "1") and not client.create("created", "2")
assert client.replace("created", "1", "3") and client.get("created") == [b"3"]
assert client.delete("key") and client.get("key") == []
assert len(client.members()) == 1

lease = client.lease(ttl=60)
client.put("leased", "x", lease=lease)
assert lease.ttl() > 0 and lease.refresh() > 0 and lease.keys() == [b"leased"]
assert lease.revoke() and client.get("leased") == []

lock = Lock("name", ttl=30, client=client)
assert lock.acquire() and lock.is_acquired() and lock.release()

events, cancel = client.watch("watched")
timer = threading.Timer(0.3, lambda: client.put("watched", "seen"))
timer.start()
event = next(events)
assert event["kv"]["value"] == b"seen", event
cancel()
timer.join()
print("ok")
