"""call_soon: many callbacks in one turn, or one that schedules the next."""


def batch(loop, size, rounds):
    ran = 0

    def tick(_):
        nonlocal ran
        ran += 1

    def fill():
        nonlocal rounds
        if rounds == 0:
            loop.stop()
            return
        rounds -= 1
        for _ in range(size):
            loop.call_soon(tick, None)
        loop.call_soon(fill)

    loop.call_soon(fill)
    start = time.perf_counter_ns()
    loop.run_forever()
    return (time.perf_counter_ns() - start) / ran


def chain(loop, steps):
    left = steps

    def step():
        nonlocal left
        left -= 1
        if left == 0:
            loop.stop()
        else:
            loop.call_soon(step)

    far = loop.call_later(3600, step) if PARAMS["timer"] else None
    loop.call_soon(step)
    start = time.perf_counter_ns()
    loop.run_forever()
    took = time.perf_counter_ns() - start
    if far:
        far.cancel()
    return took / steps


loop = new_loop()
gc.disable()
if "size" in PARAMS:
    answer(time=batch(loop, PARAMS["size"], PARAMS["script_rounds"]))
else:
    answer(time=chain(loop, PARAMS["script_steps"]))
loop.close()
