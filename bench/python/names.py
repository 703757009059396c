"""Names: the addresses of a host that is a number, again and again."""
WARMUP = 200
loop = new_loop()


async def main():
    for _ in range(WARMUP):
        await loop.getaddrinfo("127.0.0.1", 80)
    start = time.perf_counter_ns()
    for _ in range(PARAMS["script_rounds"]):
        await loop.getaddrinfo("127.0.0.1", 80)
    answer(time=(time.perf_counter_ns() - start) / PARAMS["script_rounds"])


loop.run_until_complete(main())
loop.close()
