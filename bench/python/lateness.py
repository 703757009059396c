"""call_at on an absolute schedule: the clock at the callback less the deadline."""
import random

loop = new_loop()
gc.disable()
r = random.Random(SPEC["seed"])
others = [loop.call_later(60 + 60 * r.random(), print) for _ in range(PARAMS["others"])]
seen = []
due = 0.0


def aim():
    global due
    due += PARAMS["interval_ns"] * (1 + r.random() / 10) / 1e9
    loop.call_at(due, shot)


def shot():
    seen.append((loop.time() - due) * 1e9)
    if len(seen) == PARAMS["shots"]:
        loop.stop()
    else:
        aim()


def start():
    global due
    due = loop.time()
    aim()


loop.call_soon(start)
loop.run_forever()
late = 100 * sum(ns > 200e3 for ns in seen) / len(seen)
answer(late=late, early=sum(ns < 0 for ns in seen), **quantiles(seen))
for timer in others:
    timer.cancel()
loop.close()
