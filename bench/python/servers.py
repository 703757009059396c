"""Servers of asyncio and uvloop: MODULE ROLE NETWORK ADDRESS, as package servers has it."""
import asyncio
import gc
import os
import sys

MODULE, ROLE, NETWORK, ADDRESS = sys.argv[1:]


class Echo(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.transport.write(data)


class Sink(Echo):
    def connection_made(self, transport):
        self.transport, self.head, self.left = transport, b"", 0

    def data_received(self, data):
        missing = 8 - len(self.head)
        if missing:
            self.head += data[:missing]
            data = data[missing:]
            self.left = int.from_bytes(self.head, "little")
        self.left -= len(data)
        if len(self.head) == 8 and self.left <= 0:
            self.transport.write(self.head)
            self.head = b""


def pattern(size=64 << 10):
    """The bytes of servers.Pattern: PCG-DXSM with the seed 1, 2."""
    state, words = 1 << 64 | 2, []
    for _ in range(size // 8):
        state = state * 0x2360ED051FC65DA44385DF649FCCF645 + 0x5851F42D4C957F2D14057B7EF767814F
        state &= (1 << 128) - 1
        high, low = state >> 64, state & (1 << 64) - 1
        high = (high ^ high >> 32) * 0xDA942042E4DD58B5 & (1 << 64) - 1
        words.append((high ^ high >> 48) * (low | 1) & (1 << 64) - 1)
    return b"".join(word.to_bytes(8, "little") for word in words)


class Source(Echo):
    pattern = pattern() if ROLE == "source" else b""

    def connection_made(self, transport):
        self.transport, self.head, self.left, self.paused = transport, b"", 0, False

    def data_received(self, data):
        self.head += data
        if len(self.head) == 8:
            self.left, self.head = int.from_bytes(self.head, "little"), b""
            self.fill()

    def pause_writing(self):
        self.paused = True

    def resume_writing(self):
        # Not at once: what is written from here while uvloop flushes its streams,
        # it keeps until some event ends its next wait, and then nothing comes.
        self.paused = False
        asyncio.get_running_loop().call_soon(self.fill)

    def fill(self):
        while self.left and not self.paused and not self.transport.is_closing():
            piece = self.pattern[:self.left]
            self.left -= len(piece)
            self.transport.write(piece)


class Datagrams(asyncio.DatagramProtocol):
    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, address):
        self.transport.sendto(data, address)


class Drain(Datagrams):
    count = 0

    def datagram_received(self, data, address):
        self.count += 1
        if data[0] & 0x80:
            self.transport.sendto(self.count.to_bytes(8, "little"), address)


async def read_line(reader):
    return await reader.readline()


async def read_exactly(reader):
    return await reader.readexactly(64)


STREAMS = {"readline": read_line, "readexactly": read_exactly}


async def answer_reads(reader, writer):
    read = STREAMS[ROLE]
    try:
        while request := await read(reader):
            writer.write(request)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass  # the client tells
    writer.close()


ROLES = {"echo": Echo, "idle": Echo, "sink": Sink, "source": Source, "datagrams": Datagrams, "drain": Drain}


def new_loop():
    if MODULE == "uvloop":
        import uvloop
        return uvloop.new_event_loop()
    return asyncio.new_event_loop()


def obey(end):
    """Does what standard input says, and notices its end."""
    lines = os.read(0, 4096)
    for line in lines.splitlines():
        if line == b"report":
            gc.collect()
            print("report {}", flush=True)
    if not lines:
        end.set()


async def listen(loop):
    streams = ROLE in STREAMS
    if NETWORK == "unix":
        if streams:
            return await asyncio.start_unix_server(answer_reads, ADDRESS), ADDRESS
        return await loop.create_unix_server(ROLES[ROLE], ADDRESS), ADDRESS
    host, port = ADDRESS.rsplit(":", 1)
    if NETWORK == "udp":
        transport, _ = await loop.create_datagram_endpoint(ROLES[ROLE], (host, int(port)))
        return transport, "%s:%d" % transport.get_extra_info("sockname")
    if streams:
        server = await asyncio.start_server(answer_reads, host, int(port))
    else:
        server = await loop.create_server(ROLES[ROLE], host, int(port))
    return server, "%s:%d" % server.sockets[0].getsockname()


async def main():
    loop = asyncio.get_running_loop()
    end = asyncio.Event()
    loop.add_reader(0, obey, end)
    server, address = await listen(loop)
    print("ready", address, flush=True)
    await end.wait()
    loop.remove_reader(0)
    server.close()


gc.disable()
new_loop().run_until_complete(main())
