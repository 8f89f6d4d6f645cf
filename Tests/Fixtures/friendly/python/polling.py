import os
import select
import selectors
import socket

left, right = socket.socketpair()
print(select.select([right], [], [], 0)[0])
left.send(b"x")
print(len(select.select([right], [left], [], 1)[0]))

poll = select.poll()
poll.register(right, select.POLLIN)
print(poll.poll(1000)[0][1] == select.POLLIN)

epoll = select.epoll()
epoll.register(right, select.EPOLLIN | select.EPOLLET)
print(epoll.poll(1)[0][1] == select.EPOLLIN)

event = os.eventfd(0)
os.eventfd_write(event, 3)
with selectors.DefaultSelector() as selector:
    selector.register(event, selectors.EVENT_READ, "event")
    print([key.data for key, _ in selector.select(1)], os.eventfd_read(event))

reader, writer = os.pipe()
os.set_blocking(reader, False)
try:
    os.read(reader, 1)
except BlockingIOError:
    print("would block")
