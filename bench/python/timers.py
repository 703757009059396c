"""call_later and cancel beside a population of live timers."""
import random

loop = new_loop()
gc.disable()
r = random.Random(SPEC["seed"])
n, ops, replace = PARAMS["live"], PARAMS["script_ops"], PARAMS["op"] == 1
live = [loop.call_later(60 + 60 * r.random(), print) for _ in range(n)]
dice = [(60 + 60 * r.random(), r.randrange(n)) for _ in range(ops)]
took = 0


def run():
    global took
    start = time.perf_counter_ns()
    if replace:
        for delay, i in dice:
            live[i].cancel()
            live[i] = loop.call_later(delay, print)
    else:
        for delay, _ in dice:
            loop.call_later(delay, print).cancel()
    took = time.perf_counter_ns() - start
    loop.stop()


loop.call_soon(run)
loop.run_forever()
answer(time=took / ops)
for timer in live:
    timer.cancel()
loop.close()
