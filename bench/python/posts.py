"""call_soon_threadsafe from threads, with the window of the other sides."""
import threading

WINDOW = 1024


def producer(loop, each, half, over):
    credit = threading.Semaphore(2)
    ran = 0

    def tick():
        nonlocal ran
        ran += 1
        if ran % half == 0:
            credit.release()
        if ran == each:
            over()

    for _ in range(each // half):
        credit.acquire()
        for _ in range(half):
            loop.call_soon_threadsafe(tick)


loop = new_loop()
gc.disable()
count = left = PARAMS["producers"]
half = WINDOW // count // 2
each = max(PARAMS["script_posts"] // count // half, 1) * half


def over():
    global left
    left -= 1
    if left == 0:
        loop.stop()


threads = [threading.Thread(target=producer, args=(loop, each, half, over)) for _ in range(count)]
start = time.perf_counter_ns()
for t in threads:
    t.start()
loop.run_forever()
took = time.perf_counter_ns() - start
for t in threads:
    t.join()
answer(time=took / (each * count))
loop.close()
