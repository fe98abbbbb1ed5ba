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
"""

from monokoto.mqtt.decoding import check_first_byte, decode_packet
from monokoto.mqtt.encoding import PINGREQ_BYTES, PINGRESP_BYTES, encode
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
from monokoto.mqtt.stream import PACKET_BYTES_MAX, Decoder, frame
from monokoto.mqtt.topics import matches, split_share, valid_filter, valid_name
from monokoto.mqtt.wire import decode_text

__all__ = [
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
    "ReturnCode",
    "Suback",
    "Subscribe",
    "Subscription",
    "Type",
    "Unsuback",
    "Unsubscribe",
    "Version",
    "Will",
    "check_first_byte",
    "decode_packet",
    "decode_text",
    "encode",
    "encode_publish",
    "frame",
    "matches",
    "publish_head",
    "reason_of",
    "return_code",
    "split_share",
    "valid_filter",
    "valid_name",
]
