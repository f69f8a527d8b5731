"""Reads uploads on a port of loopback, and says of each how it ended: `whole` or `reset`, and its bytes.

Of one that begins with P it stops reading for a moment after its first bytes.
"""
import socket
import threading
import time

server = socket.create_server(("127.0.0.1", 0), backlog=64)
print("listening", server.getsockname()[1], flush=True)


def read(upload):
    count, how = 0, "whole"
    try:
        while chunk := upload.recv(65536):
            if count == 0 and chunk[:1] == b"P":
                time.sleep(0.1)
            count += len(chunk)
    except OSError:
        how = "reset"
    upload.close()
    if count > 0:
        print(how, count, flush=True)


while True:
    threading.Thread(target=read, args=(server.accept()[0],), daemon=True).start()
