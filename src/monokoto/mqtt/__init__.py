"""MQTT 3.1, 3.1.1 and 5.0 without I/O: packets, codec, topics, session. The front door, and the manual.

Bytes to packets, however the stream is cut::

    decoder = Decoder(packet_bytes_max=300_000)       # server: learns the version from the CONNECT
    for packet in decoder.feed(data):                 # raises PacketError (.reason: a version 5 Reason) after the good ones
        match packet:
            case Connect(): ...                       # frozen structs; .properties.session_expiry_interval, ...
            case Publish(): ...

Packets to bytes; reasons are always those of version 5 and are translated or left out for 3.1.1::

    encode(Connack(reason=Reason.NOT_AUTHORIZED), decoder.version)
    encode(Suback(packet_id=7, reasons=(1, Reason.NOT_AUTHORIZED)), version)
    encode(Disconnect(reason=Reason.SERVER_SHUTTING_DOWN), Version.V5)      # a server sends DISCONNECT in version 5 only

The hot path of a server, which keeps its own buffer and never makes an object of a PUBLISH::

    start, stop = frame(buffer, offset, end)          # (0, 0): length incomplete; stop > end: body incomplete
    topic, packet_id, payload_start = publish_head(buffer, buffer[offset], start, stop, version)
    if packet_id == SLOW or topic not in known_topics:
        packet = decode_packet(buffer, buffer[offset], start, stop, version)   # checks everything, or PacketError

`check_first_byte` and the size limit are then the caller's (`Decoder` does both): check the size before waiting for a body.
Many acknowledgements at once: `PUBACK_HEAD + PUBACK_HEAD.join(packet_ids_as_two_bytes)`.

A session on the server's side (`now` is an instant in microseconds; every method returns the packets to send)::

    refusal(connect, limits)                                  # a Reason the protocol itself has against it, or None
    session = kept or Session(client_id, SessionLimits())    # kept: Session.from_bytes(data, limits)
    send(accept(connect, limits, session_present=kept is not None, assigned=""))       # or refuse(Reason...)
    send(*session.connect(connect, now))                      # what was in flight again (DUP), then what waited
    session.idle_until(last_received)                         # keep-alive: 1.5 times; 0 is never

    Publish QoS 0, 1  publish = session.resolve(publish)      # topic aliases; else nothing: PUBACK is yours, when durable
    Publish QoS 2     session.receive_exactly_once(id): Receipt.NEW -> commit, then send(session.recorded(id));
                      WAITING -> nothing (its commit is on the way); REPEATED -> send(session.recorded(id))
                      refused: send(Pubrec(packet_id=id, reason=...)) without calling it
    Puback, Pubrec, Pubrel, Pubcomp                           send(*session.receive(packet, now))
    Subscribe         suback, wants_retained = session.subscribe(packet, grant)   # grant(subscription) -> QoS or Reason
                      send(suback); then session.deliver_retained(message, subscription, identifier, now) for each
    Unsubscribe       send(session.unsubscribe(packet))
    downlink          send(*session.deliver(Message(topic=..., payload=..., qos=1, expires_at=...), now, hold=slow_socket))
    Disconnect/EOF    session.disconnect(packet_or_None, now); then session.take_will(now) once `will_at` has come and
                      forget it when session.expired(now); session.to_bytes() keeps it
"""

from monokoto.mqtt.decoding import check_first_byte, decode_packet
from monokoto.mqtt.encoding import PINGREQ_BYTES, PINGRESP_BYTES, encode
from monokoto.mqtt.inbound import Receipt
from monokoto.mqtt.limits import NEVER, SessionLimits, accept, keep_alive_seconds, refusal, refuse, session_expiry
from monokoto.mqtt.message import Message, message_of, publish_of
from monokoto.mqtt.packets import (
    Auth,
    Connack,
    Connect,
    Disconnect,
    Packet,
    Pingreq,
    Pingresp,
    Puback,
    Pubcomp,
    Publish,
    Pubrec,
    Pubrel,
    Suback,
    Subscribe,
    Subscription,
    Type,
    Unsuback,
    Unsubscribe,
    Version,
    Will,
)
from monokoto.mqtt.properties import NO_PROPERTIES, Properties
from monokoto.mqtt.publish import PUBACK_HEAD, SLOW, encode_publish, publish_head
from monokoto.mqtt.reasons import SUBACK_FAILURE, PacketError, Reason, ReturnCode, reason_of, return_code
from monokoto.mqtt.session import Session
from monokoto.mqtt.stream import PACKET_BYTES_MAX, Decoder, frame
from monokoto.mqtt.subscriptions import Granted, Subscriptions
from monokoto.mqtt.topics import matches, split_share, valid_filter, valid_name
from monokoto.mqtt.wire import decode_text

__all__ = [
    "NEVER",
    "NO_PROPERTIES",
    "PACKET_BYTES_MAX",
    "PINGREQ_BYTES",
    "PINGRESP_BYTES",
    "PUBACK_HEAD",
    "SLOW",
    "SUBACK_FAILURE",
    "Auth",
    "Connack",
    "Connect",
    "Decoder",
    "Disconnect",
    "Granted",
    "Message",
    "Packet",
    "PacketError",
    "Pingreq",
    "Pingresp",
    "Properties",
    "Puback",
    "Pubcomp",
    "Publish",
    "Pubrec",
    "Pubrel",
    "Reason",
    "Receipt",
    "ReturnCode",
    "Session",
    "SessionLimits",
    "Suback",
    "Subscribe",
    "Subscription",
    "Subscriptions",
    "Type",
    "Unsuback",
    "Unsubscribe",
    "Version",
    "Will",
    "accept",
    "check_first_byte",
    "decode_packet",
    "decode_text",
    "encode",
    "encode_publish",
    "frame",
    "keep_alive_seconds",
    "matches",
    "message_of",
    "publish_head",
    "publish_of",
    "reason_of",
    "refusal",
    "refuse",
    "return_code",
    "session_expiry",
    "split_share",
    "valid_filter",
    "valid_name",
]
