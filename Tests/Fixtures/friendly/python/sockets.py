# Two copies of this program may run at once: each has a loopback of its own.
import socket
import threading
import time

server = socket.create_server(("127.0.0.1", 8080))


def echo():
    client, _ = server.accept()
    with client:
        while data := client.recv(1024):
            client.sendall(data.upper())


threading.Thread(target=echo).start()
time.sleep(0.3)  # long enough to overlap with the other copy
with socket.create_connection(("localhost", 8080)) as client:
    client.sendall(b"over tcp")
    print(client.recv(100), client.getpeername())

receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
receiver.bind(("127.0.0.1", 8080))
sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sender.sendto(b"over udp", ("127.0.0.1", 8080))
print(receiver.recvfrom(100)[0])

listener = socket.socket(socket.AF_UNIX)
listener.bind("local.sock")
listener.listen()
client = socket.socket(socket.AF_UNIX)
client.connect("local.sock")
peer, _ = listener.accept()
client.sendall(b"over unix")
print(peer.recv(100))

left, right = socket.socketpair()
left.sendall(b"pair")
print(right.recv(100))
with socket.socket() as probe:
    print(probe.connect_ex(("127.0.0.1", 1)) != 0)
