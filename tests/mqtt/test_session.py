"""The server's session: delivery, redelivery, windows, subscriptions, wills, expiry, and life over a restart."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monokoto.mqtt import (
    NEVER,
    Connack,
    Connect,
    Disconnect,
    Message,
    Packet,
    PacketError,
    Properties,
    Puback,
    Pubcomp,
    Publish,
    Pubrec,
    Pubrel,
    Reason,
    Receipt,
    Session,
    SessionLimits,
    Subscribe,
    Subscription,
    Unsubscribe,
    Version,
    Will,
    accept,
    encode,
    message_of,
    refusal,
    refuse,
)

SECOND = 1_000_000
NOW = 1_770_000_000 * SECOND
LIMITS = SessionLimits(queue_max=10, window=4, receive_maximum=8, subscriptions_max=5)


def connected(bounds: SessionLimits = LIMITS, **connect: Any) -> Session:
    session = Session("client", bounds)
    session.connect(Connect(client_id="client", **connect), NOW)
    return session


def persistent(bounds: SessionLimits = LIMITS, **properties: Any) -> Session:
    properties.setdefault("session_expiry_interval", 3600)
    return connected(bounds, properties=Properties(**properties))


def subscribe(session: Session, *filters: str, identifier: int = 0, **options: Any) -> list[int]:
    options.setdefault("qos", 2)
    identifiers = (identifier,) if identifier else ()
    packet = Subscribe(
        packet_id=9,
        subscriptions=tuple(Subscription(filter=name, **options) for name in filters),
        properties=Properties(subscription_identifiers=identifiers),
    )
    suback, _ = session.subscribe(packet, lambda asked: asked.qos)
    assert suback.packet_id == 9
    return list(suback.reasons)


def delivered(session: Session, payload: bytes = b"x", *, qos: int = 1, topic: str = "t", **rest: Any) -> list[Publish]:
    now = rest.pop("now", NOW)
    packets = session.deliver(Message(topic=topic, payload=payload, qos=qos, **rest), now)
    return publishes(packets)


def publishes(packets: list[Packet]) -> list[Publish]:
    found = [packet for packet in packets if isinstance(packet, Publish)]
    assert len(found) == len(packets)
    return found


# Accepting


def test_version_5_is_told_what_differs_from_what_it_asked() -> None:
    asked = Connect(keep_alive=60_000, properties=Properties(session_expiry_interval=NEVER))
    properties = accept(asked, LIMITS, session_present=False, assigned="made-up").properties
    assert properties.session_expiry_interval == LIMITS.expiry_seconds_max
    assert properties.server_keep_alive == LIMITS.keep_alive_seconds_max
    assert properties.receive_maximum == 8
    assert properties.topic_alias_maximum == LIMITS.topic_alias_max
    assert properties.maximum_packet_size == LIMITS.packet_bytes_max
    assert properties.assigned_client_identifier == "made-up"
    assert (properties.retain_available, properties.shared_subscription_available) == (0, 0)
    modest = accept(Connect(keep_alive=60), LIMITS, session_present=True)
    assert modest.session_present
    assert (modest.properties.server_keep_alive, modest.properties.session_expiry_interval) == (None, None)


def test_3_1_1_is_told_nothing_but_yes() -> None:
    assert accept(Connect(version=Version.V3_1_1), LIMITS, session_present=True) == Connack(session_present=True)


def test_a_refusal_has_no_session() -> None:
    assert refuse(Reason.BANNED, message="no") == Connack(reason=0x8A, properties=Properties(reason_string="no"))


@pytest.mark.parametrize(
    ("connect", "reason"),
    [
        (Connect(version=Version.V3_1_1, client_id="", clean_start=False), Reason.CLIENT_IDENTIFIER_NOT_VALID),
        (Connect(version=Version.V3_1_1, client_id="", clean_start=True), None),
        (Connect(client_id="", clean_start=False), None),
        (Connect(client_id="x" * 257), Reason.CLIENT_IDENTIFIER_NOT_VALID),
        (Connect(client_id="abcdefghijklmnopqrstuvw"), None),
        (Connect(properties=Properties(authentication_method="SCRAM")), Reason.BAD_AUTHENTICATION_METHOD),
        (Connect(will=Will(topic="t", retain=True)), Reason.RETAIN_NOT_SUPPORTED),
        (Connect(will=Will(topic="t")), None),
    ],
)
def test_what_the_protocol_itself_refuses(connect: Connect, reason: Reason | None) -> None:
    assert refusal(connect, LIMITS) == reason


def test_a_client_is_gone_after_one_and_a_half_keep_alives() -> None:
    assert connected(keep_alive=10).idle_until(NOW) == NOW + 15 * SECOND
    assert connected(version=Version.V3_1_1, keep_alive=0).idle_until(NOW) == 0
    assert connected(keep_alive=0).idle_until(NOW) == NOW + LIMITS.keep_alive_seconds_max * 1_500_000


# Delivery


def test_a_message_goes_to_who_subscribed() -> None:
    session = connected()
    assert delivered(session) == []
    assert subscribe(session, "t") == [2]
    assert delivered(session, b"1", qos=1) == [Publish(topic="t", payload=b"1", qos=1, packet_id=1)]
    assert delivered(session, b"2", qos=0) == [Publish(topic="t", payload=b"2")]
    assert delivered(session, topic="other") == []


@pytest.mark.parametrize("published", [0, 1, 2])
@pytest.mark.parametrize("granted", [0, 1, 2])
def test_the_lower_qos_holds(published: int, granted: int) -> None:
    session = connected()
    assert subscribe(session, "t", qos=granted) == [granted]
    assert delivered(session, qos=published)[0].qos == min(published, granted)


def test_overlapping_subscriptions_deliver_once_with_the_highest_qos_and_all_identifiers() -> None:
    session = connected()
    subscribe(session, "a/#", qos=0, identifier=3)
    subscribe(session, "a/+", qos=2, identifier=5)
    subscribe(session, "a/b", qos=1)
    (publish,) = delivered(session, topic="a/b", qos=2)
    assert publish.qos == 2
    assert set(publish.properties.subscription_identifiers) == {3, 5}


def test_a_new_subscription_replaces_one_with_the_same_filter() -> None:
    session = connected()
    subscribe(session, "t", qos=2, identifier=3)
    subscribe(session, "t", qos=0)
    assert delivered(session, qos=2) == [Publish(topic="t", payload=b"x")]
    assert len(session.subscriptions) == 1


def test_each_filter_has_its_answer_in_order() -> None:
    session = connected()
    asked = ("a", "secret", "$share/s/a", "b", "c", "d", "e", "f")
    packet = Subscribe(packet_id=3, subscriptions=tuple(Subscription(filter=name, qos=1) for name in asked))
    suback, _ = session.subscribe(packet, lambda one: Reason.NOT_AUTHORIZED if one.filter == "secret" else one.qos)
    assert suback.packet_id == 3
    assert suback.reasons == (1, Reason.NOT_AUTHORIZED, Reason.SHARED_SUBSCRIPTIONS_NOT_SUPPORTED, 1, 1, 1, 1,
                              Reason.QUOTA_EXCEEDED)  # fmt: skip
    assert subscribe(session, "a", qos=0) == [0]  # to replace one takes no more room


def test_unsubscribing_ends_new_messages_and_not_those_under_way() -> None:
    session = persistent()
    subscribe(session, "t", "u")
    (first,) = delivered(session)
    answer = session.unsubscribe(Unsubscribe(packet_id=4, filters=("t", "never", "t/#")))
    assert (answer.packet_id, answer.reasons) == (4, (0, 0x11, 0x11))
    assert delivered(session) == []
    assert delivered(session, topic="u") != []
    session.disconnect(None, NOW)
    again = session.connect(Connect(client_id="client", clean_start=False), NOW)
    assert first.packet_id in [packet.packet_id for packet in publishes(again)]


def test_no_local_keeps_a_clients_own_messages_away() -> None:
    session = connected()
    subscribe(session, "t", no_local=True)
    assert delivered(session, origin="client") == []
    assert len(delivered(session, origin="another")) == 1


def test_retain_is_forwarded_only_as_published() -> None:
    session = connected()
    subscribe(session, "plain")
    subscribe(session, "as/published", retain_as_published=True)
    assert not delivered(session, topic="plain", retain=True)[0].retain
    assert delivered(session, topic="as/published", retain=True)[0].retain
    assert not delivered(session, topic="as/published")[0].retain


@pytest.mark.parametrize(("handling", "first", "second"), [(0, 1, 1), (1, 1, 0), (2, 0, 0)])
def test_retain_handling_says_when_retained_messages_are_sent(handling: int, first: int, second: int) -> None:
    session = connected()
    packet = Subscribe(packet_id=1, subscriptions=(Subscription(filter="t", qos=1, retain_handling=handling),))
    _, wanted = session.subscribe(packet, lambda asked: asked.qos)
    _, again = session.subscribe(packet, lambda asked: asked.qos)
    assert (len(wanted), len(again)) == (first, second)
    for subscription, identifier in wanted:
        retained = Message(topic="t", payload=b"kept", qos=2)
        (publish,) = publishes(session.deliver_retained(retained, subscription, identifier, NOW))
        assert (publish.retain, publish.qos, publish.payload) == (True, 1, b"kept")


def test_properties_of_a_message_are_forwarded_unaltered() -> None:
    session = connected()
    subscribe(session, "t")
    sent = Properties(
        payload_format_indicator=1, content_type="application/json", response_topic="r", correlation_data=b"c",
        user_properties=(("b", "1"), ("a", "2"), ("b", "1")),
    )  # fmt: skip
    message = message_of(Publish(topic="t", properties=sent), NOW)
    (publish,) = publishes(session.deliver(message, NOW))
    assert publish.properties == sent


def test_an_expired_message_is_not_delivered_and_its_interval_shrinks() -> None:
    session = persistent()
    subscribe(session, "t")
    session.disconnect(None, NOW)
    for seconds in (5, 20):
        sent = Publish(topic="t", qos=1, packet_id=1, properties=Properties(message_expiry_interval=seconds))
        assert session.deliver(message_of(sent, NOW), NOW) == []
    back = session.connect(Connect(client_id="client", clean_start=False), NOW + 8 * SECOND)
    (publish,) = publishes(back)
    assert publish.properties.message_expiry_interval == 12
    assert session.outbound.dropped == 1


def test_a_message_too_large_for_the_client_is_as_if_delivered() -> None:
    session = persistent(maximum_packet_size=100)
    subscribe(session, "t")
    assert delivered(session, b"x" * 100) == []
    (fits,) = delivered(session, b"x" * 80)
    assert len(encode(fits)) <= 100
    (exact,) = delivered(session, b"x" * (100 - 8))
    assert len(encode(exact)) == 100
    assert delivered(session, b"x" * (100 - 7)) == []
    assert session.outbound.dropped == 2


# Windows, identifiers, order


def test_no_more_are_in_flight_than_the_client_takes() -> None:
    session = persistent(receive_maximum=2)
    subscribe(session, "t")
    sent = [packet for number in range(5) for packet in delivered(session, bytes((number,)))]
    assert [packet.payload for packet in sent] == [b"\0", b"\1"]
    more = session.receive(Puback(packet_id=sent[0].packet_id), NOW)
    assert [packet.payload for packet in publishes(more)] == [b"\2"]
    assert session.outbound.in_flight == 2


def test_a_closed_window_holds_back_messages_and_nothing_else() -> None:
    session = persistent(receive_maximum=1)
    subscribe(session, "t")
    delivered(session)
    delivered(session)
    assert session.outbound.queued == 1
    assert session.receive(Pubrel(packet_id=77), NOW) == [Pubcomp(packet_id=77, reason=0x92)]
    assert session.recorded(5) == Pubrec(packet_id=5)
    assert subscribe(session, "u") == [2]


def test_a_full_queue_loses_its_oldest() -> None:
    session = persistent()
    subscribe(session, "t")
    session.disconnect(None, NOW)
    for number in range(15):
        delivered(session, bytes((number,)))
    assert (session.outbound.queued, session.outbound.dropped) == (10, 5)
    back = publishes(session.connect(Connect(client_id="client", clean_start=False), NOW))
    assert [packet.payload[0] for packet in back] == [5, 6, 7, 8]


def test_a_client_that_is_away_keeps_no_qos_0_and_nothing_without_a_session() -> None:
    session = persistent()
    subscribe(session, "t")
    session.disconnect(None, NOW)
    delivered(session, qos=0)
    assert session.outbound.queued == 0
    fleeting = connected()
    subscribe(fleeting, "t")
    fleeting.disconnect(None, NOW)
    delivered(fleeting, qos=1)
    assert fleeting.outbound.queued == 0


def test_a_slow_socket_holds_messages_in_the_queue() -> None:
    session = connected()
    subscribe(session, "t")
    assert session.deliver(Message(topic="t", qos=0), NOW, hold=True) == []
    assert session.outbound.queued == 1
    assert len(session.outbound.pump(NOW)) == 1


def test_qos_1_is_sent_again_with_dup_in_order_and_under_its_identifier() -> None:
    session = persistent()
    subscribe(session, "t")
    sent = [packet for number in range(3) for packet in delivered(session, bytes((number,)), qos=number % 2 + 1)]
    assert not any(packet.dup for packet in sent)
    session.disconnect(None, NOW)
    again = publishes(session.connect(Connect(client_id="client", clean_start=False), NOW))
    assert [(packet.packet_id, packet.payload) for packet in again] == [
        (packet.packet_id, packet.payload) for packet in sent
    ]
    assert all(packet.dup for packet in again)


def test_qos_2_is_not_sent_again_once_released() -> None:
    session = persistent()
    subscribe(session, "t")
    (publish,) = delivered(session, qos=2)
    assert session.receive(Pubrec(packet_id=publish.packet_id), NOW) == [Pubrel(packet_id=publish.packet_id)]
    session.disconnect(None, NOW)
    back = session.connect(Connect(client_id="client", clean_start=False), NOW)
    assert back == [Pubrel(packet_id=publish.packet_id)]
    assert session.receive(Pubcomp(packet_id=publish.packet_id), NOW) == []
    assert len(session.outbound) == 0


def test_a_refused_message_is_acknowledged_and_not_sent_again() -> None:
    session = persistent()
    subscribe(session, "t")
    (one,) = delivered(session, qos=1)
    (two,) = delivered(session, qos=2)
    assert session.receive(Puback(packet_id=one.packet_id, reason=0x97), NOW) == []
    assert session.receive(Pubrec(packet_id=two.packet_id, reason=0x97), NOW) == []
    assert len(session.outbound) == 0


def test_a_message_in_flight_no_longer_expires() -> None:
    session = persistent()
    subscribe(session, "t")
    (publish,) = delivered(session, qos=2, expires_at=NOW + SECOND)
    session.disconnect(None, NOW)
    later = NOW + 100 * SECOND
    (again,) = publishes(session.connect(Connect(client_id="client", clean_start=False), later))
    assert again.packet_id == publish.packet_id
    assert session.receive(Pubrec(packet_id=publish.packet_id), later) == [Pubrel(packet_id=publish.packet_id)]


def test_acknowledgements_of_the_wrong_kind_are_errors_and_late_ones_are_not() -> None:
    session = persistent()
    subscribe(session, "t")
    (one,) = delivered(session, qos=1)
    (two,) = delivered(session, qos=2)
    wrong: list[Any] = [
        Pubrec(packet_id=one.packet_id),
        Puback(packet_id=two.packet_id),
        Pubcomp(packet_id=two.packet_id),
    ]
    for packet in wrong:
        with pytest.raises(PacketError) as caught:
            session.receive(packet, NOW)
        assert caught.value.reason == Reason.PROTOCOL_ERROR
    assert session.receive(Puback(packet_id=999), NOW) == []
    assert session.receive(Pubcomp(packet_id=999), NOW) == []
    assert session.receive(Pubrec(packet_id=999), NOW) == [Pubrel(packet_id=999, reason=0x92)]


def test_a_packet_identifier_in_use_is_not_given_again() -> None:
    session = persistent(bounds=SessionLimits(window=3, queue_max=10))
    subscribe(session, "t")
    (kept,) = delivered(session)
    for _ in range(70_000):
        (publish,) = delivered(session)
        assert 0 < publish.packet_id < 65_536
        assert publish.packet_id != kept.packet_id
        session.receive(Puback(packet_id=publish.packet_id), NOW)


# Messages from the client


def test_qos_2_is_new_once() -> None:
    session = connected()
    assert session.receive_exactly_once(7) is Receipt.NEW
    assert session.receive_exactly_once(7) is Receipt.WAITING
    assert session.recorded(7) == Pubrec(packet_id=7)
    assert session.receive_exactly_once(7) is Receipt.REPEATED
    assert session.receive(Pubrel(packet_id=7), NOW) == [Pubcomp(packet_id=7)]
    assert session.receive_exactly_once(7) is Receipt.NEW


def test_more_open_messages_than_the_receive_maximum_end_the_connection() -> None:
    session = connected()
    for packet_id in range(1, 9):
        session.receive_exactly_once(packet_id)
    with pytest.raises(PacketError) as caught:
        session.receive_exactly_once(9)
    assert caught.value.reason == Reason.RECEIVE_MAXIMUM_EXCEEDED


def alias(number: int, topic: str = "") -> Publish:
    return Publish(topic=topic, payload=b"p", properties=Properties(topic_alias=number, content_type="c"))


def test_topic_aliases_stand_for_topics_within_one_connection() -> None:
    session = persistent()
    for number in (1, LIMITS.topic_alias_max):
        assert session.resolve(alias(number, f"t/{number}")).topic == f"t/{number}"
        resolved = session.resolve(alias(number))
        assert (resolved.topic, resolved.properties) == (f"t/{number}", Properties(content_type="c"))
    session.resolve(alias(1, "changed"))
    assert session.resolve(alias(1)).topic == "changed"
    session.disconnect(None, NOW)
    session.connect(Connect(client_id="client", clean_start=False), NOW)
    with pytest.raises(PacketError) as caught:
        session.resolve(alias(1))
    assert caught.value.reason == Reason.PROTOCOL_ERROR
    with pytest.raises(PacketError) as caught:
        session.resolve(alias(LIMITS.topic_alias_max + 1, "t"))
    assert caught.value.reason == Reason.TOPIC_ALIAS_INVALID


def test_a_client_sends_no_subscription_identifier() -> None:
    with pytest.raises(PacketError) as caught:
        connected().resolve(Publish(topic="t", properties=Properties(subscription_identifiers=(1,))))
    assert caught.value.reason == Reason.PROTOCOL_ERROR


# Wills and expiry

WILL = Will(topic="gone", payload=b"!", qos=1, retain=True, properties=Properties(will_delay_interval=30))


def test_a_will_is_published_after_its_delay_and_once() -> None:
    session = connected(will=WILL, properties=Properties(session_expiry_interval=3600))
    assert session.take_will(NOW) is None
    session.disconnect(None, NOW)
    assert session.will_at == NOW + 30 * SECOND
    assert session.take_will(NOW + 29 * SECOND) is None
    will = session.take_will(NOW + 30 * SECOND)
    assert will is not None
    assert (will.topic, will.payload, will.qos, will.retain, will.origin) == ("gone", b"!", 1, True, "client")
    assert session.take_will(NOW + 40 * SECOND) is None


def test_a_will_does_not_wait_past_the_end_of_the_session() -> None:
    session = connected(will=WILL, properties=Properties(session_expiry_interval=10))
    session.disconnect(None, NOW)
    assert session.will_at == session.expires_at == NOW + 10 * SECOND
    ending = connected(will=WILL)
    ending.disconnect(None, NOW)
    assert ending.take_will(NOW) is not None


def test_a_will_is_taken_back_by_a_good_bye_or_by_coming_back() -> None:
    polite = connected(will=WILL)
    polite.disconnect(Disconnect(), NOW)
    assert polite.take_will(NOW + 100 * SECOND) is None
    asked = connected(will=WILL)
    asked.disconnect(Disconnect(reason=Reason.DISCONNECT_WITH_WILL), NOW)
    assert asked.take_will(NOW + 100 * SECOND) is not None
    back = connected(will=WILL, properties=Properties(session_expiry_interval=3600))
    back.disconnect(None, NOW)
    back.connect(Connect(client_id="client", clean_start=False), NOW + SECOND)
    assert back.take_will(NOW + 100 * SECOND) is None
    assert connected().take_will(NOW) is None


def test_a_session_ends_when_it_was_agreed() -> None:
    short = connected(version=Version.V3_1_1)
    short.disconnect(None, NOW)
    assert short.expired(NOW)
    long = connected(version=Version.V3_1_1, clean_start=False)
    assert not long.expired(NOW + 10**12)
    long.disconnect(None, NOW)
    assert not long.expired(NOW + (LIMITS.expiry_seconds_max - 1) * SECOND)
    assert long.expired(NOW + LIMITS.expiry_seconds_max * SECOND)


def test_a_good_bye_may_shorten_a_session_and_not_create_one() -> None:
    session = persistent()
    session.disconnect(Disconnect(properties=Properties(session_expiry_interval=5)), NOW)
    assert session.expires_at == NOW + 5 * SECOND
    ending = connected()
    with pytest.raises(PacketError) as caught:
        ending.disconnect(Disconnect(properties=Properties(session_expiry_interval=5)), NOW)
    assert caught.value.reason == Reason.PROTOCOL_ERROR


# At rest


def test_a_session_is_the_same_after_a_restart() -> None:
    session = connected(will=WILL, properties=Properties(session_expiry_interval=3600))
    subscribe(session, "t", "u/#", identifier=4, no_local=True)
    delivered(session, b"1", qos=1)
    (released,) = delivered(session, b"2", qos=2)
    session.receive(Pubrec(packet_id=released.packet_id), NOW)
    for number in range(4):
        delivered(session, bytes((number,)))
    session.receive_exactly_once(3)
    session.recorded(3)
    session.receive_exactly_once(4)  # not durable when the machine stopped
    session.disconnect(None, NOW)
    restored = Session.from_bytes(session.to_bytes(), LIMITS)
    assert restored.to_bytes() == session.to_bytes()
    assert restored.receive_exactly_once(3) is Receipt.REPEATED
    assert restored.receive_exactly_once(4) is Receipt.NEW
    assert (restored.expires_at, restored.will_at, restored.will) == (session.expires_at, session.will_at, WILL)
    again = Connect(client_id="client", clean_start=False)
    assert restored.connect(again, NOW) == session.connect(again, NOW)


def test_what_is_no_kept_session_is_refused() -> None:
    for data in (b"", b"\x01", b"garbage", b"\x9b\x02" + Session("c", LIMITS).to_bytes()[2:]):
        with pytest.raises(ValueError):
            Session.from_bytes(data, LIMITS)


STEP = st.one_of(
    st.tuples(st.just("deliver"), st.integers(0, 2)),
    st.tuples(st.just("answer"), st.integers(0, 10)),
    st.tuples(st.just("reconnect"), st.booleans()),
)


@given(st.lists(STEP, max_size=60), st.integers(1, 5))
@settings(max_examples=200, deadline=None)
def test_whatever_happens_nothing_of_qos_1_and_2_is_lost_and_qos_2_comes_once(steps: list[Any], receive: int) -> None:
    """A client that loses its connection at any moment, against a session that is put at rest each time."""
    session = Session("client", SessionLimits(queue_max=100, window=4))
    properties = Properties(session_expiry_interval=3600, receive_maximum=receive)
    connect = Connect(client_id="client", clean_start=False, properties=properties)
    session.connect(connect, NOW)
    subscribe(session, "t")
    wire: list[Packet] = []
    sent: dict[int, int] = {}
    got: list[int] = []
    open_ids: set[int] = set()

    def answer() -> None:
        packet = wire.pop(0)
        match packet:
            case Publish(qos=0):
                got.append(int(packet.payload))
            case Publish(qos=1):
                got.append(int(packet.payload))
                wire.extend(session.receive(Puback(packet_id=packet.packet_id), NOW))
            case Publish(qos=2):
                if packet.packet_id not in open_ids:
                    got.append(int(packet.payload))
                    open_ids.add(packet.packet_id)
                wire.extend(session.receive(Pubrec(packet_id=packet.packet_id), NOW))
            case Pubrel():
                open_ids.discard(packet.packet_id)
                wire.extend(session.receive(Pubcomp(packet_id=packet.packet_id), NOW))
        assert session.outbound.in_flight <= min(receive, 4)

    for number, (what, how) in enumerate(steps):
        if what == "deliver":
            sent[number] = how
            wire.extend(session.deliver(Message(topic="t", payload=b"%d" % number, qos=how), NOW))
        elif what == "answer":
            for _ in range(min(how, len(wire))):
                answer()
        else:
            wire.clear()
            session.disconnect(None, NOW)
            if how:
                session = Session.from_bytes(session.to_bytes(), session.bounds)
            wire.extend(session.connect(connect, NOW))
    while wire:
        answer()
    kept = [number for number, qos in sent.items() if qos]
    assert [number for number in dict.fromkeys(got) if sent[number]] == kept  # all of them, in order
    twice = {number for number in got if got.count(number) > 1}
    assert all(sent[number] == 1 for number in twice)
