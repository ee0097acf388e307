from __future__ import annotations

import socket

import pytest

from gapheal.errors import ConfigError
from gapheal.local.ports import HOST, Ports


@pytest.fixture
def taken():
    with socket.create_server((HOST, 0)) as server:
        yield server.getsockname()[1]


def test_free_ports_are_given_out_once_each_and_can_be_bound():
    ports = Ports()

    given = [ports.take("a test") for _ in range(50)]

    assert len(set(given)) == 50
    for port in given:
        socket.create_server((HOST, port)).close()


def test_a_row_of_ports_begins_where_it_was_told_to():
    first = Ports().take("a test")
    ports = Ports(first)

    assert ports.take("a test") == first


def test_a_taken_port_is_refused_with_its_number_who_wanted_it_and_the_mend(taken):
    with pytest.raises(ConfigError) as refused:
        Ports(taken).take("the Pub/Sub broker")

    assert str(refused.value) == (
        f"port {taken} is taken: the Pub/Sub broker was to listen on 127.0.0.1:{taken}, and another program does.\n"
        f"Stop that program (`lsof -i :{taken}` names it), or choose other ports: "
        f"`--port {taken + 100}` begins elsewhere, `--port 0` takes any that are free."
    )


def test_free_ports_pass_over_a_taken_one(monkeypatch, taken):
    free = Ports().take("a test")
    monkeypatch.setattr("gapheal.local.ports.FREE", [taken, free])

    assert Ports().take("a test") == free


def test_a_port_that_lingers_from_yesterdays_connection_is_free():
    with socket.create_server((HOST, 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection((HOST, port)):
            server.accept()[0].close()  # the server's side closes first, and keeps the port in TIME_WAIT

    assert Ports(port).take("a test") == port
