/* mqttload: one thread, many MQTT 3.1.1 clients, QoS 0 or 1, acknowledgement latencies.
 *
 *   mqttload --port P [--host H] [--clients N] [--tokens FILE] [--qos 0|1] [--seconds S] [--window W] [--rate R]
 *            [--topic T] [--start MS] [--idle] [--each N]
 *
 * Client i sends {"ts":..., "values":{five numbers}} to topic T ("%d" in it is replaced by i); the time advances one
 * millisecond a message from --start, so that every message is another reading. With --tokens the i-th line is its user name.
 * With --each N client i speaks for N units in turn: "%06d" in the topic is replaced by the numbers from i * N on.
 * QoS 1 keeps W messages unacknowledged per client. R is messages per second over all clients (0: as fast as they are
 * acknowledged). --idle connects, says so, and holds the connections for S seconds with pings.
 * Prints one JSON object: what was sent and acknowledged, latencies in milliseconds, its own CPU seconds.
 * Its clients keep what was acknowledged per client in the field "acked_by_client" with --counts.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { OUT_BYTES = 1 << 16, IN_BYTES = 1 << 13, WINDOW_MAX = 1024, BUCKETS = 200000 };

typedef struct {
    int fd, closed, unacked, out_length, out_sent, in_length;
    uint16_t packet_id;
    long sent, acked;
    int64_t time_ms;
    unsigned char *out, *in;
    double *sent_at;
    int packet_length, id_offset, time_offset, value_offset, unit_offset, first_unit;
    unsigned char packet[512];
} Client;

static const char *host = "127.0.0.1", *topic = "koto/v1/telemetry", *tokens_file = NULL;
static int port, clients = 100, qos = 1, window = 20, idle, counts, each;
static double seconds = 5, rate;
static int64_t start_ms = 1767225600000;
static uint32_t *histogram; /* 10 microseconds a bucket, up to 2 s */
static uint64_t noise = 88172645463325252ull;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec * 1e-9;
}

static void die(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    exit(1);
}

static int put_length(unsigned char *at, int length) {
    int i = 0;
    do {
        int digit = length % 128;
        length /= 128;
        at[i++] = digit | (length ? 128 : 0);
    } while (length);
    return i;
}

static int put_text(unsigned char *at, const char *text) {
    int length = strlen(text);
    at[0] = length >> 8;
    at[1] = length & 255;
    memcpy(at + 2, text, length);
    return length + 2;
}

static void connect_client(Client *client, int number, const char *token) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    inet_pton(AF_INET, host, &address.sin_addr);
    client->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (client->fd < 0 || connect(client->fd, (void *)&address, sizeof address)) die("connect client %d: %s", number, strerror(errno));
    int one = 1;
    setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    unsigned char body[600], packet[700];
    char id[64];
    snprintf(id, sizeof id, "load-%d-%d", getpid(), number);
    int n = put_text(body, "MQTT");
    body[n++] = 4;
    body[n++] = 2 | (token ? 0x80 : 0);
    body[n++] = 0;
    body[n++] = 120;
    n += put_text(body + n, id);
    if (token) n += put_text(body + n, token);
    packet[0] = 0x10;
    int head = 1 + put_length(packet + 1, n);
    memcpy(packet + head, body, n);
    if (write(client->fd, packet, head + n) != head + n) die("write CONNECT of client %d", number);
}

static void await_connack(Client *client, int number) {
    unsigned char answer[4];
    for (int got = 0; got < 4;) {
        int z = read(client->fd, answer + got, 4 - got);
        if (z <= 0) die("no CONNACK for client %d", number);
        got += z;
    }
    if (answer[0] != 0x20 || answer[3]) die("client %d refused with code %d", number, answer[3]);
    fcntl(client->fd, F_SETFL, O_NONBLOCK);
}

static void build_packet(Client *client, int number) {
    char name[256], payload[256];
    snprintf(name, sizeof name, topic, each ? number * each : number);
    const char *place = strstr(topic, "%06d");
    if (each && !place) die("--each needs %%06d in the topic");
    if (each) client->unit_offset = place - topic; /* within the name; the packet's head is added below */
    client->first_unit = each ? number * each : 0;
    int payload_length = snprintf(payload, sizeof payload,
        "{\"ts\":%013lld,\"values\":{\"temperature\":21.50,\"humidity\":43.20,\"power\":1234.50,\"rpm\":1480.0,\"pressure\":1.013}}", (long long)start_ms);
    int remaining = 2 + strlen(name) + (qos ? 2 : 0) + payload_length, n = 0;
    client->packet[n++] = 0x30 | qos << 1;
    n += put_length(client->packet + n, remaining);
    client->unit_offset += n + 2;
    n += put_text(client->packet + n, name);
    client->id_offset = n;
    if (qos) n += 2;
    memcpy(client->packet + n, payload, payload_length);
    client->time_offset = n + 6;
    client->packet_length = n + payload_length;
    client->time_ms = start_ms;
}

static int digit_places[6], digit_count;

static void find_digits(Client *client) {
    /* The fractional digits of the five values: they are made to vary. */
    for (int i = client->time_offset + 20; i < client->packet_length - 1 && digit_count < 6; i++)
        if (client->packet[i] == '.') digit_places[digit_count++] = i + 1 - client->id_offset;
}

static void append_publish(Client *client, double at) {
    unsigned char *to = client->out + client->out_length;
    memcpy(to, client->packet, client->packet_length);
    int64_t time = client->time_ms++;
    for (int i = 12; i >= 0; i--, time /= 10) to[client->time_offset + i] = '0' + time % 10;
    if (each) {
        int unit = client->first_unit + client->sent % each;
        for (int i = 5; i >= 0; i--, unit /= 10) to[client->unit_offset + i] = '0' + unit % 10;
    }
    noise ^= noise << 13, noise ^= noise >> 7, noise ^= noise << 17;
    for (int i = 0; i < digit_count; i++) to[client->id_offset + digit_places[i]] = '0' + (noise >> 4 * i) % 10;
    if (qos) {
        client->packet_id = client->packet_id % WINDOW_MAX + 1;
        to[client->id_offset] = client->packet_id >> 8;
        to[client->id_offset + 1] = client->packet_id & 255;
        client->sent_at[client->packet_id - 1] = at;
        client->unacked++;
    }
    client->out_length += client->packet_length;
    client->sent++;
}

static void flush(Client *client) {
    if (client->out_sent < client->out_length) {
        int z = write(client->fd, client->out + client->out_sent, client->out_length - client->out_sent);
        if (z > 0) client->out_sent += z;
    }
    if (client->out_sent == client->out_length) client->out_sent = client->out_length = 0;
}

static long read_acks(Client *client) {
    long acked = 0;
    for (;;) {
        int z = read(client->fd, client->in + client->in_length, IN_BYTES - client->in_length);
        if (z == 0) {
            client->closed = 1;
            return acked;
        }
        if (z < 0) return acked;
        client->in_length += z;
        double at = now();
        int o = 0;
        while (client->in_length - o >= 4 || (client->in_length - o >= 2 && !client->in[o + 1])) {
            int size = 2 + client->in[o + 1];
            if (client->in_length - o < size) break;
            if (client->in[o] >> 4 == 4) {
                int id = client->in[o + 2] << 8 | client->in[o + 3];
                if (id < 1 || id > WINDOW_MAX) die("PUBACK for packet %d", id);
                long bucket = (at - client->sent_at[id - 1]) * 1e5;
                histogram[bucket < BUCKETS ? bucket : BUCKETS - 1]++;
                client->unacked--;
                client->acked++;
                acked++;
            }
            o += size;
        }
        memmove(client->in, client->in + o, client->in_length - o);
        client->in_length -= o;
        if (z < 512) return acked;
    }
}

static double percentile(long total, double share) {
    long wanted = total * share, seen = 0;
    for (int i = 0; i < BUCKETS; i++)
        if ((seen += histogram[i]) > wanted) return i / 100.0;
    return BUCKETS / 100.0;
}

static void read_arguments(int count, char **values) {
    for (int i = 1; i < count; i++) {
        const char *name = values[i];
        if (!strcmp(name, "--idle")) { idle = 1; continue; }
        if (!strcmp(name, "--counts")) { counts = 1; continue; }
        if (i + 1 >= count) die("%s needs a value", name);
        const char *value = values[++i];
        if (!strcmp(name, "--host")) host = value;
        else if (!strcmp(name, "--port")) port = atoi(value);
        else if (!strcmp(name, "--clients")) clients = atoi(value);
        else if (!strcmp(name, "--tokens")) tokens_file = value;
        else if (!strcmp(name, "--qos")) qos = atoi(value);
        else if (!strcmp(name, "--seconds")) seconds = atof(value);
        else if (!strcmp(name, "--window")) window = atoi(value);
        else if (!strcmp(name, "--rate")) rate = atof(value);
        else if (!strcmp(name, "--topic")) topic = value;
        else if (!strcmp(name, "--start")) start_ms = atoll(value);
        else if (!strcmp(name, "--each")) each = atoi(value);
        else die("unknown argument %s", name);
    }
    if (!port || window > WINDOW_MAX) die("--port is needed, --window is at most %d", WINDOW_MAX);
}

static void hold(Client *all) {
    printf("{\"connected\": %d}\n", clients);
    fflush(stdout);
    double end = now() + seconds;
    while (now() < end) {
        sleep(1);
        for (int i = (int)now() % 60; i < clients; i += 60)
            if (write(all[i].fd, "\xc0\0", 2) != 2) die("client %d was closed", i);
        unsigned char nothing[64];
        for (int i = 0; i < clients; i++)
            while (read(all[i].fd, nothing, sizeof nothing) > 0) {}
    }
}

static Client *connect_all(void) {
    FILE *tokens = tokens_file ? fopen(tokens_file, "r") : NULL;
    if (tokens_file && !tokens) die("cannot read %s", tokens_file);
    Client *all = calloc(clients, sizeof *all);
    for (int i = 0, answered = 0; i < clients; i++) {
        char token[256];
        if (tokens && !fgets(token, sizeof token, tokens)) die("%s has fewer than %d tokens", tokens_file, clients);
        token[strcspn(token, "\r\n")] = 0;
        connect_client(all + i, i, tokens ? token : NULL);
        /* A few handshakes at a time, so that a listen queue is not overrun. */
        if (i - answered >= 64 || i + 1 == clients)
            for (; answered <= i; answered++) await_connack(all + answered, answered);
    }
    return all;
}

int main(int count, char **values) {
    read_arguments(count, values);
    histogram = calloc(BUCKETS, sizeof *histogram);
    Client *all = connect_all();
    if (idle) { hold(all); return 0; }
    int poll = epoll_create1(0);
    for (int i = 0; i < clients; i++) {
        Client *client = all + i;
        client->out = malloc(OUT_BYTES), client->in = malloc(IN_BYTES), client->sent_at = calloc(WINDOW_MAX, sizeof(double));
        build_packet(client, i);
        if (!i) find_digits(client);
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = client};
        epoll_ctl(poll, EPOLL_CTL_ADD, client->fd, &event);
    }
    double begun = now(), end = begun + seconds, finished = 0;
    long sent = 0, acked = 0, lost = 0;
    for (int turn = 0;; turn++) {
        double at = now();
        if (at >= end) {
            long waiting = 0;
            for (int i = 0; i < clients; i++) waiting += all[i].closed ? 0 : all[i].unacked + (all[i].out_length > 0);
            if (!waiting || at > end + 30) { finished = now(); break; }
        }
        for (int k = 0; k < clients; k++) {
            Client *client = all + (k + turn) % clients;
            if (client->closed) continue;
            if (client->out_length) { flush(client); if (client->out_length) continue; }
            if (at >= end) continue;
            while (client->out_length + client->packet_length < OUT_BYTES) {
                if (qos && client->unacked >= window) break;
                if (rate && sent >= (at - begun) * rate) break;
                append_publish(client, at), sent++;
                if (rate) break;
            }
            flush(client);
        }
        struct epoll_event events[256];
        int n = epoll_wait(poll, events, 256, rate || qos ? 1 : 0);
        for (int j = 0; j < n; j++) {
            Client *client = events[j].data.ptr;
            acked += read_acks(client);
            if (client->closed) { epoll_ctl(poll, EPOLL_CTL_DEL, client->fd, NULL); lost++; }
        }
    }
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    double cpu = usage.ru_utime.tv_sec + usage.ru_stime.tv_sec + 1e-6 * (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
    printf("{\"clients\": %d, \"qos\": %d, \"sent\": %ld, \"acked\": %ld, \"closed\": %ld, \"wall_seconds\": %.3f, \"per_second\": %.0f, "
           "\"p50_ms\": %.2f, \"p99_ms\": %.2f, \"max_ms\": %.2f, \"generator_cpu_seconds\": %.2f",
           clients, qos, sent, acked, lost, finished - begun, (qos ? acked : sent) / (finished - begun),
           percentile(acked, 0.5), percentile(acked, 0.99), percentile(acked, 0.99999), cpu);
    if (counts) {
        printf(", \"acked_by_client\": [");
        for (int i = 0; i < clients; i++) printf("%s%ld", i ? ", " : "", all[i].acked);
        printf("]");
    }
    printf("}\n");
    return 0;
}
