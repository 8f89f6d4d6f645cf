import asyncio
import sys


async def shout(reader, writer):
    while line := await reader.readline():
        writer.write(line.upper())
        await writer.drain()
    writer.close()


async def main():
    async def later(n):
        await asyncio.sleep(0.01 * (3 - n))
        return n

    print(await asyncio.gather(*(later(n) for n in range(3))))

    server = await asyncio.start_server(shout, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    writer.write(b"hello\n")
    print((await reader.readline()).decode().strip())
    writer.close()
    await writer.wait_closed()
    server.close()

    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", "print(sum(map(int, input().split())))",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )
    print((await child.communicate(b"1 2 3\n"))[0].decode().strip(), child.returncode)

    try:
        async with asyncio.timeout(0.02):
            await asyncio.sleep(30)
    except TimeoutError:
        print("timeout")
    print(await asyncio.to_thread(lambda: "thread"))
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(later(n)) for n in (1, 2)]
    print([task.result() for task in tasks])


asyncio.run(main())
