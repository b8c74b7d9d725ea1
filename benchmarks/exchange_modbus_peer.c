/* The peer of the Modbus exchange benchmark: a C program on libmodbus that polls all PLCs in turn, one FC23 each.
 *
 * Usage: peer PORT PLCS WRITE_REGISTERS READ_REGISTERS
 * Reads a number of rounds per line from standard input, prints the microseconds that they took.
 */
#include <errno.h>
#include <modbus/modbus.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double now_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

int main(int argc, char **argv) {
    if (argc != 5)
        return 2;
    int port = atoi(argv[1]), plcs = atoi(argv[2]), writes = atoi(argv[3]), reads = atoi(argv[4]);
    modbus_t *plc[256];
    uint16_t out[123], in[125];
    memset(out, 0, sizeof out);
    if (plcs < 1 || plcs > 256 || writes > 121 || reads > 125)
        return 2;
    for (int i = 0; i < plcs; i++) {
        plc[i] = modbus_new_tcp("127.0.0.1", port);
        if (plc[i] == NULL || modbus_connect(plc[i]) != 0) {
            fprintf(stderr, "connect: %s\n", modbus_strerror(errno));
            return 1;
        }
        modbus_set_slave(plc[i], 1);
    }
    int rounds;
    while (scanf("%d", &rounds) == 1) {
        double start = now_us();
        for (int r = 0; r < rounds; r++)
            for (int i = 0; i < plcs; i++) {
                out[0]++;
                if (modbus_write_and_read_registers(plc[i], 0, writes, out, 100, reads, in) != reads) {
                    fprintf(stderr, "exchange: %s\n", modbus_strerror(errno));
                    return 1;
                }
            }
        printf("%.1f\n", now_us() - start);
        fflush(stdout);
    }
    return 0;
}
