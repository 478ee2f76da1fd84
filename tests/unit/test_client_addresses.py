"""Whose address counts behind web servers and CDNs, whatever strangers write into the header."""

import pytest

from shared.domain.client_addresses import client_of
from shared.domain.identities import source_hash
from shared.errors import SettingsError
from shared.fences import TrustedProxies, read_proxies
from shared.settings import Settings, from_env
from tests.hostile import cpu_seconds

NGINX, PERSON, CDN, BALANCER = "127.0.0.1", "91.7.8.4", "104.16.1.9", "10.0.0.5"
CDN_NETWORKS = "104.16.0.0/13, 2606:4700::/32"


@pytest.mark.parametrize(
    ("setting", "peer", "forwarded", "client"),
    [
        # One web server on this machine or in a private network, and nothing is set.
        ("", NGINX, PERSON, PERSON),
        ("", "172.18.0.1", f"{CDN}, {PERSON}", PERSON),
        ("", "::ffff:10.0.0.7", PERSON, PERSON),
        ("", "fe80::1%eth0", PERSON, PERSON),
        ("", NGINX, f"{PERSON}, {BALANCER}", BALANCER),
        ("", NGINX, "", NGINX),
        # Strangers, also those whose tunnel or carrier only looks private.
        ("", PERSON, BALANCER, PERSON),
        ("", "100.64.3.2", PERSON, "100.64.3.2"),
        ("", "2001:0:a00:5::1", PERSON, "2001:0:a00:5::1"),
        ("", "2002:7f00:1::1", PERSON, "2002:7f00:1::1"),
        # A number of servers.
        ("2", NGINX, f"{PERSON}, {CDN}", PERSON),
        ("2", NGINX, f"1.1.1.1, {PERSON}, {CDN}", PERSON),
        ("2", NGINX, f"{PERSON}:5555, {CDN}:443", PERSON),
        ("2", NGINX, f"[2001:db8::1]:443,{CDN}", "2001:db8::1"),
        ("2", NGINX, PERSON, PERSON),
        ("1", CDN, f"1.1.1.1, {PERSON}", PERSON),
        ("0", NGINX, PERSON, NGINX),
        # Their networks.
        (CDN_NETWORKS, NGINX, f"1.1.1.1, {PERSON}, {CDN}", PERSON),
        (CDN_NETWORKS, CDN, f"1.1.1.1, {PERSON}", PERSON),
        (CDN_NETWORKS, NGINX, f"1.1.1.1, {PERSON}", PERSON),
        (CDN_NETWORKS, PERSON, f"1.1.1.1, {CDN}", PERSON),
        (CDN_NETWORKS, NGINX, f"2001:db8::7, [2606:4700::9]:443, ::ffff:{CDN}", "2001:db8::7"),
        ("10.0.0.5", NGINX, f"{PERSON}, {BALANCER}", PERSON),
        (CDN_NETWORKS, NGINX, f"{CDN}, {CDN}", CDN),
        # What is no address counts for the server that wrote it, and a quotation mark joins no entries.
        ("", NGINX, "unknown", NGINX),
        ("", NGINX, f"{PERSON},", NGINX),
        ("2", NGINX, f"unknown, {CDN}", CDN),
        ("2", NGINX, f", , {CDN}", CDN),
        ("2", NGINX, f"{PERSON}, _hidden", PERSON),
        (CDN_NETWORKS, NGINX, f"{PERSON}, unknown, {CDN}", CDN),
        ("2", NGINX, f'"1.1.1.1, {PERSON}, {CDN}', PERSON),
        ("2", NGINX, f'"{PERSON}:5555", "{CDN}"', PERSON),
        ("1", NGINX, f"{'9' * 60}.{'9' * 60}", NGINX),
        ("1", "", PERSON, PERSON),
        ("", "", PERSON, ""),
    ],
)
def test_the_visitor_is_whom_trusted_servers_name(setting: str, peer: str, forwarded: str, client: str) -> None:
    assert client_of(peer, forwarded, read_proxies(setting)) == client


@pytest.mark.parametrize("entry", ["1.1.1.1", CDN, "x" * 90, '"', "[" * 40, "", "1.1.1.1:" + "9" * 50])
@pytest.mark.parametrize("proxies", [read_proxies("2"), read_proxies(CDN_NETWORKS), TrustedProxies()])
def test_a_long_header_changes_nothing_and_costs_nothing(entry: str, proxies: TrustedProxies) -> None:
    long = ", ".join([entry] * (100_000 // (len(entry) + 2)))
    client, spent = cpu_seconds(lambda: client_of(NGINX, f"{long}, {PERSON}, {CDN}", proxies), 0.01)
    assert client == (PERSON if proxies != TrustedProxies() else CDN)
    assert spent < 0.01


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        # 6to4, Teredo and NAT64 come with more IPv6 networks than anybody counts.
        ("2002:5b07:804:1::1", "2002:5b07:804:ffff::1", True),
        ("2002:5b07:804::1", "91.7.8.200", True),
        ("2002:5b07:804::1", "2002:5b07:904::1", False),
        # The visitor's address is written there with all bits turned.
        ("2001:0:a00:5:8000:1:a4f8:f7fb", "91.7.8.9", True),
        ("64:ff9b::91.7.8.4", "91.7.8.9", True),
        ("fe80::1%eth0", "fe80::2%lo", True),
        ("91.7.8.4:5555", "91.7.8.4", True),
    ],
)
def test_a_tunnel_belongs_to_the_network_at_its_end(one: str, other: str, same: bool) -> None:
    assert (source_hash("secret", one) == source_hash("secret", other)) == same


def given(proxies: str) -> Settings:
    servers = {"DATABASE_URL": "postgresql://h/d", "REDIS_URL": "redis://h/0", "DEARREP_SECRET_KEY": "0" * 32}
    return from_env({**servers, "DEARREP_TRUSTED_PROXIES": proxies})


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ("11", "more than 10 servers"),
        ("9" * 5_000, "more than 10 servers"),
        ("-1", "neither a number"),
        ("2, 10.0.0.0/8", "“2” is neither"),
        ("10.0.0.0/33", "neither"),
        ("nginx", "neither"),
        ("0.0.0.0/0", "trust every visitor"),
        ("10.0.0.0/8, ::/0", "trust every visitor"),
    ],
)
def test_a_wrong_setting_stops_the_start(wrong: str, words: str) -> None:
    with pytest.raises(SettingsError, match=f"DEARREP_TRUSTED_PROXIES: .*{words}"):
        given(wrong)


def test_a_good_setting_is_a_number_or_networks() -> None:
    assert read_proxies(given(" 3 ").trusted_proxies) == TrustedProxies(hops=3)
    networks = read_proxies(given("10.0.0.5,2001:db8::/32").trusted_proxies).networks
    assert [str(one) for one in networks] == ["10.0.0.5/32", "2001:db8::/32"]


@pytest.mark.parametrize(
    ("url", "is_local"),
    [
        ("http://127.0.0.1:8000", True),
        ("http://localhost:8000", True),
        ("http://[::1]:8000", True),
        ("http://0.0.0.0:8000", False),
        ("http://10.0.0.5:8000", False),
        ("https://letters.example", False),
        ("https://localhost.example", False),
    ],
)
def test_the_pages_are_for_this_machine_by_their_address(url: str, is_local: bool) -> None:
    assert Settings("", "", "", public_url=url).is_for_this_machine == is_local
