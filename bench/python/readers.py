"""add_reader on descriptors that stay readable."""
import os

loop = new_loop()
gc.disable()
fds = [os.pipe() for _ in range(PARAMS["descriptors"])]
left = PARAMS["script_events"]


def ready():
    global left
    left -= 1
    if left == 0:
        loop.stop()


for r, w in fds:
    os.write(w, b"x")
    loop.add_reader(r, ready)
start = time.perf_counter_ns()
loop.run_forever()
took = time.perf_counter_ns() - start
answer(time=took / PARAMS["script_events"])
for r, w in fds:
    loop.remove_reader(r)
    os.close(r)
    os.close(w)
loop.close()
