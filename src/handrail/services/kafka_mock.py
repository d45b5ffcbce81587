"""A process that is a mock of a Kafka cluster: the one that librdkafka has for its own tests.

Started as a file, with the folder of the package ``confluent_kafka``; it imports nothing else.
Source: rdkafka_mock.h of librdkafka.
"""

import ctypes
import os
import signal
import sys
from importlib.machinery import EXTENSION_SUFFIXES

BROKERS = 1
_PRODUCER = 0
_ERROR_BYTES = 512


def library(folder: str) -> ctypes.CDLL:
    """The package's extension; librdkafka is found through it, wherever the wheel has put that."""
    stem = os.path.join(folder, "cimpl")
    there = (stem + ending for ending in EXTENSION_SUFFIXES if os.path.exists(stem + ending))
    found = ctypes.CDLL(next(there, stem))
    found.rd_kafka_new.restype = ctypes.c_void_p
    found.rd_kafka_new.argtypes = [
        *(ctypes.c_int, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t),
    ]
    found.rd_kafka_mock_cluster_new.restype = ctypes.c_void_p
    found.rd_kafka_mock_cluster_new.argtypes = [ctypes.c_void_p, ctypes.c_int]
    found.rd_kafka_mock_cluster_bootstraps.restype = ctypes.c_char_p
    found.rd_kafka_mock_cluster_bootstraps.argtypes = [ctypes.c_void_p]
    found.rd_kafka_mock_group_initial_rebalance_delay_ms.restype = None
    found.rd_kafka_mock_group_initial_rebalance_delay_ms.argtypes = [
        *(ctypes.c_void_p, ctypes.c_int32),
    ]
    found.rd_kafka_version_str.restype = ctypes.c_char_p
    return found


def main(folder: str) -> None:
    """Be a cluster until a signal comes."""
    rdkafka = library(folder)
    error = ctypes.create_string_buffer(_ERROR_BYTES)
    client = rdkafka.rd_kafka_new(_PRODUCER, None, error, _ERROR_BYTES)
    if not client:
        sys.exit(f"librdkafka: {error.value.decode()}")
    cluster = rdkafka.rd_kafka_mock_cluster_new(client, BROKERS)
    if not cluster:
        sys.exit("librdkafka makes no mock cluster")
    # Else the first poll of every group waits for three seconds.
    rdkafka.rd_kafka_mock_group_initial_rebalance_delay_ms(cluster, 0)
    where = rdkafka.rd_kafka_mock_cluster_bootstraps(cluster).decode()
    version = rdkafka.rd_kafka_version_str().decode()
    sys.stdout.write(
        f"This is no Kafka broker: librdkafka {version}, a mock cluster at {where}\n"
        "It keeps everything in memory, and makes topics when they are first used.\n"
    )
    sys.stdout.flush()
    while True:
        signal.pause()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(f"usage: {sys.argv[0]} FOLDER")
    main(sys.argv[1])
