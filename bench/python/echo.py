"""An echo server; the client is the Go program."""
import os
import subprocess


class Echo(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.transport.write(data)


def client(port):
    """Runs the client to its end, on its own processor."""
    PARAMS.update(port=port, requests=PARAMS["script_requests"])
    spec = dict(SPEC, role="helper", cpu_profile="")
    cpu = SPEC["client_cpu"]
    pin = None if cpu < 0 else lambda: os.sched_setaffinity(0, {cpu})
    command = json.loads(os.environ["LOOPBENCH_SAMPLE"]) + [json.dumps(spec)]
    return subprocess.run(command, stdout=subprocess.PIPE, preexec_fn=pin, check=True).stdout


async def main():
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Echo, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    answer = await loop.run_in_executor(None, client, port)
    print(answer.decode(), end="")
    server.close()


gc.disable()
loop = new_loop()
loop.run_until_complete(main())
loop.close()
