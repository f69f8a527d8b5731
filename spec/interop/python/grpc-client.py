"""A gRPC client of the standard health service that shows a certificate; each call has a connection of its own.

Prints the bytes of each answer in hexadecimal.
"""
import sys

import grpc

address, ca, certificate, key, calls = sys.argv[1:]


def contents(path):
    with open(path, "rb") as file:
        return file.read()


credentials = grpc.ssl_channel_credentials(contents(ca), contents(key), contents(certificate))
for _ in range(int(calls)):
    with grpc.secure_channel(address, credentials, [("grpc.use_local_subchannel_pool", 1)]) as channel:
        check = channel.unary_unary("/grpc.health.v1.Health/Check")
        print(check(b"", timeout=10, wait_for_ready=True).hex())
