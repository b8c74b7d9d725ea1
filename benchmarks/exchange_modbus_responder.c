/* The PLC side of the Modbus exchange benchmark: answers every FC23 on every connection of one port, at once or
 * after a fixed delay, with a constant status block. One process, no Modbus library, so that it costs both peers the
 * same and little.
 *
 * Usage: responder DELAY_US REGISTERS < status block as raw bytes
 * Prints the port that it listens on, ends when its standard input is closed (read on to its end first).
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define QUEUE 4096
#define FRAME_MAX 512

struct answer {
    int fd;
    int64_t due_us;
    uint8_t id[2];
    uint8_t unit;
};

static struct answer queue[QUEUE];
static unsigned head, tail;
static uint8_t block[256];
static int block_size;

static int64_t now_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void send_answer(const struct answer *a) {
    uint8_t frame[FRAME_MAX];
    int length = 3 + block_size;
    frame[0] = a->id[0];
    frame[1] = a->id[1];
    frame[2] = frame[3] = 0;
    frame[4] = (uint8_t)(length >> 8);
    frame[5] = (uint8_t)length;
    frame[6] = a->unit;
    frame[7] = 23;
    frame[8] = (uint8_t)block_size;
    memcpy(frame + 9, block, (size_t)block_size);
    if (write(a->fd, frame, (size_t)(9 + block_size)) < 0 && errno != EPIPE && errno != ECONNRESET && errno != EBADF)
        perror("write");
}

/* Wake at the moment when the oldest answer is due; a wait in whole milliseconds would add up to one of them. */
static void arm(int timer) {
    struct itimerspec when = {0};
    if (head != tail) {
        int64_t due_us = queue[head % QUEUE].due_us;
        when.it_value.tv_sec = due_us / 1000000;
        when.it_value.tv_nsec = due_us % 1000000 * 1000;
    }
    timerfd_settime(timer, TFD_TIMER_ABSTIME, &when, NULL);
}

int main(int argc, char **argv) {
    int64_t delay_us = argc > 2 ? atoll(argv[1]) : 0;
    block_size = argc > 2 ? 2 * atoi(argv[2]) : 0;
    if (block_size <= 0 || block_size > 250 || read(0, block, (size_t)block_size) != block_size)
        return 2;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    if (bind(listener, (struct sockaddr *)&at, size) || listen(listener, 128) ||
        getsockname(listener, (struct sockaddr *)&at, &size))
        return 1;
    printf("%d\n", ntohs(at.sin_port));
    fflush(stdout);
    int ep = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event e = {.events = EPOLLIN, .data.fd = listener}, ready[64];
    epoll_ctl(ep, EPOLL_CTL_ADD, listener, &e);
    e.data.fd = 0;
    epoll_ctl(ep, EPOLL_CTL_ADD, 0, &e);
    int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    e.data.fd = timer;
    epoll_ctl(ep, EPOLL_CTL_ADD, timer, &e);
    for (;;) {
        int count = epoll_wait(ep, ready, 64, -1);
        for (int i = 0; i < count; i++) {
            int fd = ready[i].data.fd;
            if (fd == 0)
                return 0;
            if (fd == timer) {
                uint64_t times;
                if (read(timer, &times, sizeof times) < 0 && errno != EAGAIN)
                    return 1;
                continue;
            }
            if (fd == listener) {
                e.data.fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
                setsockopt(e.data.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
                epoll_ctl(ep, EPOLL_CTL_ADD, e.data.fd, &e);
                continue;
            }
            uint8_t request[FRAME_MAX];
            ssize_t got = read(fd, request, sizeof request);
            if (got <= 0) {
                close(fd);
                continue;
            }
            struct answer a = {fd, now_us() + delay_us, {request[0], request[1]}, request[6]};
            if (delay_us == 0)
                send_answer(&a);
            else if (tail - head < QUEUE)
                queue[tail++ % QUEUE] = a;
        }
        while (head != tail && queue[head % QUEUE].due_us <= now_us())
            send_answer(&queue[head++ % QUEUE]);
        if (delay_us != 0)
            arm(timer);
    }
}
