"""call_soon_threadsafe to a loop that sleeps, from a thread that sleeps."""
import random
import threading

loop = new_loop()
gc.disable()
seen = []
sent = 0


def ring():
    seen.append(time.perf_counter_ns() - sent)
    if len(seen) == PARAMS["wakeups"]:
        loop.stop()


def post():
    global sent
    jitter = random.Random(SPEC["seed"])
    for _ in range(PARAMS["wakeups"]):
        time.sleep(PARAMS["asleep_ns"] * (1 + jitter.random() / 2) / 1e9)
        sent = time.perf_counter_ns()
        loop.call_soon_threadsafe(ring)


thread = threading.Thread(target=post)
thread.start()
loop.run_forever()
thread.join()
answer(**quantiles(seen))
loop.close()
