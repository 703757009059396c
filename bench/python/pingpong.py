"""Two loops in two threads that post to each other."""
import threading

near, far = new_loop(), new_loop()
gc.disable()
left = PARAMS["script_trips"]


def ping():
    global left
    left -= 1
    if left < 0:
        near.stop()
    else:
        far.call_soon_threadsafe(pong)


def pong():
    near.call_soon_threadsafe(ping)


thread = threading.Thread(target=far.run_forever)
thread.start()
near.call_soon(ping)
start = time.perf_counter_ns()
near.run_forever()
took = time.perf_counter_ns() - start
far.call_soon_threadsafe(far.stop)
thread.join()
answer(time=took / PARAMS["script_trips"])
near.close()
far.close()
