# SPDX-License-Identifier: Apache-2.0
"""librdkafka's mock cluster, for answers that no real broker can be told to
give. It lives in this process; it is no broker: what it shows is to be
confirmed against a real one where that can be made to do it."""

import ctypes

_PRODUCER, _PRODUCE = 0, 0
OUT_OF_ORDER_SEQUENCE_NUMBER = 45


class MockCluster:
    """Brokers at `address` until `close`."""

    def __init__(self, brokers=1):
        library = self._library = ctypes.CDLL('librdkafka.so.1')
        for name in ('rd_kafka_new', 'rd_kafka_conf_new',
                     'rd_kafka_mock_cluster_new'):
            getattr(library, name).restype = ctypes.c_void_p
        library.rd_kafka_mock_cluster_bootstraps.restype = ctypes.c_char_p
        error = ctypes.create_string_buffer(256)
        self._handle = ctypes.c_void_p(library.rd_kafka_new(
            _PRODUCER, ctypes.c_void_p(library.rd_kafka_conf_new()), error,
            ctypes.c_size_t(len(error))))
        if not self._handle:
            raise RuntimeError(error.value.decode())
        self._cluster = ctypes.c_void_p(
            library.rd_kafka_mock_cluster_new(self._handle, brokers))
        self.address = library.rd_kafka_mock_cluster_bootstraps(
            self._cluster).decode()

    def create_topic(self, name, partitions=1):
        assert not self._library.rd_kafka_mock_topic_create(
            self._cluster, name.encode(), partitions, 1)
        return name

    def fail_produce(self, *codes):
        """The next produce requests are answered with these error codes."""
        self._library.rd_kafka_mock_push_request_errors_array(
            self._cluster, ctypes.c_int16(_PRODUCE),
            ctypes.c_size_t(len(codes)), (ctypes.c_int * len(codes))(*codes))

    def close(self):
        self._library.rd_kafka_mock_cluster_destroy(self._cluster)
        self._library.rd_kafka_destroy(self._handle)
