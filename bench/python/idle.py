"""A loop with nothing to do: the processor time of its process."""
import resource
import threading

loop = new_loop()
thread = threading.Thread(target=loop.run_forever)
thread.start()


def used():
    ru = resource.getrusage(resource.RUSAGE_SELF)
    return ru.ru_utime + ru.ru_stime


time.sleep(.2)
before = used()
time.sleep(PARAMS["for_ns"] / 1e9)
answer(cpu=(used() - before) * 1e3)
loop.call_soon_threadsafe(loop.stop)
thread.join()
loop.close()
