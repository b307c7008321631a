"""hostile.py RUNTIME_DIR askers|garbage SECONDS - clients that misbehave."""
import random
import sys
import time

import zmq


def varint(n):
    out = b""
    while n > 127:
        out += bytes([n & 127 | 128])
        n >>= 7
    return out + bytes([n])


def field(number, value):
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def state_request(request_id):
    body = field(1, request_id) + field(2, 2)
    return b"CTRL\x01" + field(3, "vmctl") + field(4, 1) + field(13, body)


def sockets(context, directory, kind, name, count):
    made = []
    for _ in range(count):
        s = context.socket(kind)
        s.linger = 0
        s.rcvhwm = 1
        s.connect("ipc://%s/%s" % (directory, name))
        made.append(s)
    return made


def send_all(made, message):
    for s in made:
        try:
            s.send_multipart(message(), zmq.NOBLOCK)
        except zmq.Again:
            pass


def main():
    directory, what, seconds = sys.argv[1], sys.argv[2], float(sys.argv[3])
    context = zmq.Context()
    if what == "askers":
        made = sockets(context, directory, zmq.DEALER, "read.sock", 20)
        message = lambda: [b"", state_request("q%d" % random.getrandbits(40))]
    else:
        made = [
            *sockets(context, directory, zmq.DEALER, "read.sock", 2),
            *sockets(context, directory, zmq.DEALER, "admin.sock", 2),
            *sockets(context, directory, zmq.PUSH, "reports.sock", 2),
            *sockets(context, directory, zmq.XSUB, "pub.sock", 2),
        ]
        message = lambda: [random.choice([b"", b"CTRL\x01", b"REPT\x01", b"REPT\x02"])
                           + random.randbytes(random.randrange(400))]
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        send_all(made, message)
    for s in made:
        s.close()


main()
