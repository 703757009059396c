"""Bytes through a pipe, from one transport to another."""
import os

MIB = 1 << 20
PIECE = bytes(64 << 10)
warmup = PARAMS["warmup"] * MIB
total = warmup + PARAMS["script_mib"] * MIB
loop = new_loop()
gc.disable()
left, came, start, took = total, 0, 0, 0


class Source(asyncio.Protocol):
    paused = False

    def connection_made(self, transport):
        self.transport = transport
        self.fill()

    def pause_writing(self):
        self.paused = True

    def resume_writing(self):
        self.paused = False
        loop.call_soon(self.fill)  # not at once: see Source of servers.py

    def fill(self):
        global left
        while left and not self.paused:
            left -= len(PIECE)
            self.transport.write(PIECE)


class Sink(asyncio.Protocol):
    def data_received(self, data):
        global came, start, took
        before = came
        came += len(data)
        if before < warmup <= came:
            start = time.perf_counter_ns()
        if came == total:
            took = time.perf_counter_ns() - start
            loop.stop()


async def connect():
    r, w = os.pipe()
    await loop.connect_read_pipe(Sink, os.fdopen(r, "rb", 0))
    await loop.connect_write_pipe(Source, os.fdopen(w, "wb", 0))


connecting = loop.create_task(connect())
loop.run_forever()
answer(time=took / PARAMS["script_mib"])
