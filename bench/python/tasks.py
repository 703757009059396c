"""Tasks: a round trip of an await, their making and end, waiting, and memory."""
import tracemalloc

WARMUP = 2


class Relay:
    """Counts laps for whoever begins one; the first ones are warm-up."""

    def __init__(self):
        self.size, self.laps = PARAMS["size"], PARAMS["script_rounds"]
        self.lap = 0
        self.over = False

    def more(self):
        if self.lap == WARMUP:
            self.start = time.perf_counter_ns()
        if self.lap == WARMUP + self.laps:
            self.took = time.perf_counter_ns() - self.start
            self.over = True
            return False
        self.lap += 1
        return True

    def answer(self):
        answer(time=self.took / (self.size * self.laps))


def awaits(waitable):
    """Tasks that await something new again and again, the first one counting."""
    relay = Relay()

    async def lead():
        while relay.more():
            await waitable()

    async def follow():
        while not relay.over:
            await waitable()

    async def main():
        first = loop.create_task(lead())
        rest = [loop.create_task(follow()) for _ in range(relay.size - 1)]
        await first
        if rest:
            await asyncio.wait(rest)

    loop.run_until_complete(main())
    relay.answer()


def sleeping():
    return asyncio.sleep(0)


def completed():
    future = loop.create_future()
    loop.call_soon(future.set_result, None)
    return future


def turns(do):
    """Calls do many times in one turn; what that schedules runs in the next."""
    relay = Relay()

    def lap():
        if not relay.more():
            loop.stop()
            return
        for _ in range(relay.size):
            do()
        loop.call_soon(lap)

    loop.call_soon(lap)
    loop.run_forever()
    relay.answer()


def spawn():
    async def empty():
        pass

    turns(lambda: loop.create_task(empty()))


def callbacks():
    def done(_):
        pass

    def one():
        future = loop.create_future()
        future.add_done_callback(done)
        future.set_result(None)

    turns(one)


def gather():
    relay = Relay()

    async def nap():
        await asyncio.sleep(0)

    async def main():
        while relay.more():
            await asyncio.gather(*(nap() for _ in range(relay.size)))

    loop.run_until_complete(main())
    relay.answer()


def parked():
    """Memory that the interpreter has allocated, as tracemalloc counts it."""
    count = PARAMS["parked"]

    async def park(gate):
        await gate

    async def main():
        gc.collect()
        before, _ = tracemalloc.get_traced_memory()
        gate = loop.create_future()
        tasks = [loop.create_task(park(gate)) for _ in range(count)]
        await asyncio.sleep(0)
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
        gate.set_result(None)
        await asyncio.wait(tasks)
        answer(memory=(after - before) / count)

    tracemalloc.start()
    loop.run_until_complete(main())


loop = new_loop()
gc.disable()
{
    "tasks/await-1000": lambda: awaits(sleeping),
    "tasks/await-alone": lambda: awaits(sleeping),
    "tasks/await-future": lambda: awaits(completed),
    "tasks/spawn": spawn,
    "tasks/spawn-loose": spawn,
    "tasks/callbacks": callbacks,
    "tasks/gather-1000": gather,
    "tasks/parked": parked,
}[SPEC["scenario"]]()
loop.close()
