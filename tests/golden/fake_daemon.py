#!/usr/bin/env python3
"""A daemon made of canned answers, so that lsctl is tested alone.

Speaks the protocol of common/control/protocol.h: JSON-RPC 2.0, one object per line. What a name does:
device 00000000000000NN makes the daemon answer with the error of exit code NN; `slow` never answers;
`gone` makes it close the connection. The last request is kept in $GOLDEN_DIR/last-request.
"""
import json
import os
import socket
import sys
import threading
import time

HOSTILE = "\x1b]0;owned\x07\x1b[2Jevil\u202e\u009b31m"


REGION = {"name": "us-2", "region": "US915", "enabled_channels": "8-9,65", "rx1_delay_s": 1, "rx1_dr_offset": 0,
          "rx2_freq_hz": 923300000, "rx2_dr": 8, "changed": ["enabled_uplink_channels"],
          "channels": [{"index": 8, "freq_hz": 903900000, "enabled": True}, {"index": 71, "freq_hz": 914200000, "enabled": False}],
          "data_rates": [{"dr": 0, "direction": "up", "modulation": "SF10/125 kHz", "payload": 11},
                         {"dr": 8, "direction": "down", "modulation": "SF12/500 kHz", "payload": 53, "dwell": None}],
          "rx1": [{"uplink_dr": 0, "rx1_dr_by_offset": [10, 9, 8, 8]}, {"uplink_dr": 4, "rx1_dr_by_offset": [13, 13, 12, 11]}],
          "eirp_limits": [{"min_hz": 920900000, "gateway_dbm": 23}]}


def device(eui, name, **more):
    row = {
        "dev_eui": eui, "name": name, "application_id": "6a1c0f6e-1111-4111-8111-111111111111",
        "application_name": "meters", "tenant_id": "5b2d0f6e-2222-4222-8222-222222222222", "tenant_name": "acme",
        "profile_id": "7c3e0f6e-3333-4333-8333-333333333333", "profile_name": "basic",
        "join_eui": "0000000000000000", "enabled": True, "dev_addr": "01020304", "f_cnt_up": 7, "f_cnt_down": 2,
        "last_seen_at": "2025-03-04T10:15:31.204117Z", "joined_at": "2025-03-04T10:00:00.000000Z", "dr": 5,
        "description": "", "tags": {"site": "paris", "floor": "2"},
        "created_at": "2025-03-01T00:00:00.000000Z", "updated_at": "2025-03-01T00:00:00.000000Z",
    }
    row.update(more)
    return row


DEVICES = [
    device("0004a30b001c0530", "pump"),
    device("0004a30b001c0531", "tab\there \\ \"quoted\", comma", dev_addr=None, last_seen_at=None, f_cnt_up=None),
    device("a81758fffe0412ab", "=HYPERLINK(\"http://x\")", tags={}),
    device("70b3d57ed0051a01", "größe 漢字", f_cnt_up=4294967295),
]
EXITS = {2: "usage", 3: "notfound", 4: "ambiguous", 5: "invalid", 6: "conflict", 8: "perm", 10: "timeout", 12: "bug"}
EVENT_UP = ('{"deduplicationId":"8a2f6c5e-0b59-4c35-9d0e-6a3b6e2f7c11","time":"2025-03-04T10:15:31.204117+00:00",'
            '"deviceInfo":{"deviceName":"%s","devEui":"0004a30b001c0530","tags":{"cursor":"not this one","kind":"gap"}},'
            '"devAddr":"01020304","adr":true,"dr":5,"fCnt":%d,"fPort":10,"confirmed":false,"data":"Af8=",'
            '"rxInfo":[{"gatewayId":"0016c001f153a14c","rssi":-57,"snr":10.2},{"gatewayId":"0016c001f153a14d",'
            '"rssi":-99,"snr":1.0}],"kind":"up","cursor":"1-%d"}')
FRAME = ('{"time":"2025-03-04T10:15:31.204117Z","direction":"up","gateways":["0016c001f153a14c"],"m_type":'
         '"UNCONFIRMED_DATA_UP","dev_addr":"01020304","dev_eui":null,"f_cnt":7,"f_port":10,"phy_payload":"40",'
         '"drop_reason":"mic_mismatch","drop_detail":"no session fits","cursor":"1-9"}')


class Refusal(Exception):
    def __init__(self, exit_code, message, **data):
        self.error = {"code": -32000 - exit_code, "message": message,
                      "data": {"name": EXITS[exit_code], "exit": exit_code, "request": 17, **data}}


def find(params):
    key = params.get("dev_eui", "")
    if key.startswith("00000000000000"):
        code = int(key[14:])
        raise Refusal(code, "refused with %d" % code)
    for row in DEVICES:
        if key in (row["dev_eui"], row["name"]):
            return row
    if key == "0530":
        raise Refusal(4, "0530 stands for device 0004a30b001c0530 (pump)", field="dev_eui", id="0004a30b001c0530",
                      why="what changes something names its target in full", hint="lsctl device set 0004a30b001c0530")
    if key == "4ca153f101c01600":
        raise Refusal(3, "no device %s in tenant acme" % key, field="dev_eui",
                      hint="lsctl device show 0016c001f153a14c     (same bytes in reverse order: roof-01)")
    raise Refusal(3, "no device %s" % key, field="dev_eui", why="no device has that id or name")


def listed(rows, params):
    if params.get("filter") == "name=none":
        rows = []
    if params.get("filter") == "name=hostile":
        rows = [device("0004a30b001c0539", HOSTILE)]
    if params.get("filter") == "name=many":
        rows = [device("%016x" % i, "d%04d" % i) for i in range(1234)]
    if params.get("filter") == "name=long":
        rows = [device("0004a30b001c0530", "a name of more characters than a narrow terminal has room for",
                       last_seen_at=None)]
    if params.get("filter") == "name=recent":
        now = time.time()
        rows = [device("0004a30b001c0530", "pump", last_seen_at=time.strftime(
            "%Y-%m-%dT%H:%M:%S.000000Z", time.gmtime(now - seconds))) for seconds in (26 * 3600 + 60, 3 * 86400 + 60)]
    start = int(params.get("cursor", "0-0").split("-")[1])
    end = start + params.get("limit", 100)
    return {"items": rows[start:end], "next_cursor": "1-%d" % end if end < len(rows) else None, "total": len(rows)}


def answer(method, p):
    if method == "hello":
        return {"protocol": int(os.environ.get("FAKE_PROTOCOL", "1")), "version": "0.1.0", "role": "admin",
                "schema": "0123456789abcdef"}
    if method == "status":
        return {"version": "0.1.0", "uptime_s": 3600, "degraded": False,
                "store": {"commits": 12, "sync": "full"}, "regions": {"EU868": {"channels": 3}}}
    if method == "device.list":
        return listed(DEVICES, p)
    if method == "device.show":
        if p["dev_eui"] == "hostile":
            return device("0004a30b001c0539", HOSTILE)
        return find(p)
    if method == "device.create":
        if p["dev_eui"] == "0000000000000006":
            raise Refusal(6, "device %s exists" % p["dev_eui"], field="dev_eui", hint="lsctl device show " + p["dev_eui"])
        return {"dev_eui": p["dev_eui"]} if p["name"] == "short" else device(p["dev_eui"], p["name"])
    if method in ("device.set", "device.activate"):
        return find(p)
    if method in ("device.delete", "device.deactivate", "queue.flush"):
        find(p)
        return {}
    if method == "device.keys.show":
        return {"dev_eui": p["dev_eui"], "app_key": "00112233445566778899aabbccddeeff" if p.get("show_secrets")
                else "••••eeff", "join_nonce": 1}
    if method == "device.keys.set":
        return {"dev_eui": p["dev_eui"], "app_key": "••••eeff"}
    if method == "device.mac.show":
        rows = [("data_rate", "DR5", "DR3", None, None), ("tx_power", "2", "0", "2: refused, not before uplink 164", None),
                ("rx1_delay_s", "5", "1", None, "RXTimingSetupReq delay=5")]
        keys = ("item", "wish", "acknowledged", "refused", "asked")
        return {"items": [dict(zip(keys, r)) for r in rows], "next_cursor": None, "total": len(rows)}
    if method == "device.mac.send":
        return {"dev_eui": "0004a30b001c0530", "waiting": 1}
    if method == "device.session.show":
        return {"items": [{"dev_eui": p["dev_eui"], "slot": s, "dev_addr": "01020304"} for s in ("current", "pending")]}
    if method == "queue.push":
        return {"queue_item_id": "d1b7b1a4-7e9e-4d52-9d6a-7f8d2f0f3c55", "dev_eui": p["dev_eui"], "f_port": p["f_port"]}
    if method.startswith("multicast."):
        made = {"multicast.create": "multicast_id", "multicast.queue.push": "queue_item_id"}.get(method)
        return {made: "0e3f7a52-5555-4555-8555-555555555555"} if made else {k: p[k] for k in p if k.endswith(("_id", "eui"))}
    if method == "tenant.create":
        return {"tenant_id": "5b2d0f6e-2222-4222-8222-222222222222", "name": p["name"]}
    if method in ("tenant.show", "application.show"):
        ids = {"tenant.show": ("tenant_id", {}), "application.show": ("application_id", {"tenant_name": "acme"})}[method]
        if p[ids[0]] == "nobody":
            raise Refusal(3, "no tenant nobody", field="tenant_id", hint="lsctl tenant list")
        return {ids[0]: "5b2d0f6e-2222-4222-8222-222222222222", "name": p[ids[0]], **ids[1]}
    if method == "tenant.list":
        return {"items": [], "next_cursor": None, "total": 0}
    if method == "profile.list":
        raise Refusal(8, "not permitted: user nobody has no role", why="only admins may look at profiles")
    if method == "region.list":
        return {"items": [{k: v for k, v in REGION.items() if not isinstance(v, list)}], "next_cursor": None, "total": 1}
    if method == "region.show":
        if p["name"] == "us-3":
            raise Refusal(3, "us-3 is not enabled; in force: us-2", field="name", hint="lsctl region show us-2")
        return REGION
    if method == "event.list":
        return {"items": [json.loads(EVENT_UP % ("pump", n, n)) for n in (1, 2)], "next_cursor": None}
    if method == "frame.list":
        first = json.loads(FRAME)
        if p.get("filter") == "direction=up":
            first["time"] = time.strftime("%Y-%m-%dT%H:%M:%S.000000Z", time.gmtime(time.time() - 26 * 3600 - 60))
        accepted = {"dev_eui": "0004a30b001c0530", "drop_reason": None, "drop_detail": None, "f_cnt": 123456, "dr": 5}
        return {"items": [first, {**first, **accepted}], "next_cursor": None}
    return None


def stream(send, method, p):
    """Three stored events after the cursor, then silence, unless the filter says otherwise."""
    kind = p.get("filter", "")
    first = int(p["cursor"].split("-")[1]) + 1 if "cursor" in p else 1

    def note(item):
        send('{"jsonrpc":"2.0","method":"stream","params":{"subscription":1,"item":%s}}' % item)

    if method == "frame.tail":
        note(FRAME)
        return
    if kind == "kind=log":
        note('{"kind":"gap","lost":14,"cursor":"1-4"}')
        first = 5
    name = json.dumps(HOSTILE)[1:-1] if kind == "kind=status" else "pump"
    if kind == "kind=status":  # raw C1 and direction marks are legal in JSON
        name = "\u202e\u009b2J" + name
    for n in range(first, first + 3):
        note(EVENT_UP % (name, n, n))
    if kind == "kind=ack":
        send('{"jsonrpc":"2.0","method":"stream","params":{"item":%s, "subscription":1}}' % (EVENT_UP % ("odd", 4, 4)))
        send('{"jsonrpc":"2.0","method":"stream","params":{"subscription":1,"end":true}}')
    if kind == "kind=join":
        raise ConnectionError  # the daemon dies
    if kind == "kind=txack":
        while True:
            note(EVENT_UP % ("pump", 1, 1))


def serve(conn, directory):
    lock = threading.Lock()

    def send(line):
        with lock:
            conn.sendall(line.encode() + b"\n")

    with conn:
        try:
            for line in conn.makefile("r", encoding="utf-8"):
                request = json.loads(line)
                method, params = request["method"], request.get("params", {})
                if method != "hello":
                    with open(os.path.join(directory, "last-request"), "w") as f:
                        f.write(json.dumps({"method": method, "params": params}, ensure_ascii=False) + "\n")
                if params.get("dev_eui") == "slow":
                    continue
                if params.get("dev_eui") == "gone":
                    return
                head = {"jsonrpc": "2.0", "id": request["id"]}
                try:
                    if method.endswith(".tail"):
                        send(json.dumps({**head, "result": {"subscription": 1}}))
                        stream(send, method, params)
                        continue
                    result = answer(method, params)
                    if result is None:
                        head["error"] = {"code": -32601, "message": "no method " + method}
                    else:
                        head["result"] = result
                except Refusal as refusal:
                    head["error"] = refusal.error
                text = json.dumps(head, ensure_ascii=False)
                half = len(text) // 2  # in two pieces: a client must not take a piece for a line
                conn.sendall(text[:half].encode())
                send(text[half:])
        except (OSError, ValueError):
            pass


def main():
    directory = sys.argv[1]
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(os.path.join(directory, "control.sock"))
    listener.listen(64)
    while True:
        conn, _ = listener.accept()
        threading.Thread(target=serve, args=(conn, directory), daemon=True).start()


if __name__ == "__main__":
    main()
