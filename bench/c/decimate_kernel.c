#include <string.h>

#include "kernels.h"

enum { FRAMES_KEPT = 7, WAITING_MOST = 7, BETWEEN_KEPT = 25, LINE = 7 + 7 + 512, BETWEEN = 25 + 128 };

static void first_stage(const uint16_t *x, int made, uint32_t *out)
{
    for (int i = 0; i < 2 * made; i++, x += 4) {
        int acc = 102 * (x[0] + x[10]) + 306 * (x[1] + x[9]) + 631 * (x[2] + x[8])
            + 1015 * (x[3] + x[7]) + 1322 * (x[4] + x[6]) + 1440 * x[5] + 1024;
        out[i] = acc >> 11;
    }
}

static void second_stage(const uint32_t *words, int made, uint16_t *out)
{
    const int32_t *x = (const int32_t *)words;

    for (; made > 0; made--, x += 2, out += 2) {
        int acc = 30 * (x[0] + x[26]) - 52 * (x[2] + x[24]) + 93 * (x[4] + x[22])
            - 171 * (x[6] + x[20]) + 291 * (x[8] + x[18]) + 34 * (x[9] + x[17])
            - 553 * (x[10] + x[16]) - 153 * (x[11] + x[15]) + 1379 * (x[12] + x[14])
            + 2300 * x[13] + 8192;
        acc >>= 14;
        *out = (acc > 65535 ? 65535 : acc < 0 ? 0 : acc) ^ 0x8000;
    }
}

int decimate(const uint16_t *words, uint16_t *lines, uint32_t *between, uint16_t *out, int waiting,
             int n)
{
    int made = (waiting + n) / 8;

    for (int channel = 0; channel < 2; channel++, lines += LINE, between += BETWEEN) {
        uint16_t *to = lines + FRAMES_KEPT + waiting;

        for (int i = 0; i < n; i++)
            to[i] = words[4 * i + 2 * channel + 1] ^ 0x8000;
        first_stage(lines, made, between + BETWEEN_KEPT);
        memmove(lines, lines + 8 * made, (FRAMES_KEPT + WAITING_MOST) * sizeof *lines);
        second_stage(between, made, out + channel);
        memmove(between, between + 2 * made, BETWEEN_KEPT * sizeof *between);
    }
    return made;
}
