#include <string.h>

#include "kernels.h"

void reset_decimator(struct decimator *d)
{
    memset(d, 0, sizeof *d);
    d->waiting = 7;
}

static void first_stage(const int16_t *x, int made, int32_t *out)
{
    for (int i = 0; i < 2 * made; i++, x += 4) {
        int acc = 102 * (x[0] + x[10]) + 306 * (x[1] + x[9]) + 631 * (x[2] + x[8])
            + 1015 * (x[3] + x[7]) + 1322 * (x[4] + x[6]) + 1440 * x[5] + 1024;
        out[i] = acc >> 11;
    }
}

static void second_stage(const int32_t *x, int made, int16_t *out)
{
    for (; made > 0; made--, x += 2, out += 2) {
        int acc = 30 * (x[0] + x[26]) - 52 * (x[2] + x[24]) + 93 * (x[4] + x[22])
            - 171 * (x[6] + x[20]) + 291 * (x[8] + x[18]) + 34 * (x[9] + x[17])
            - 553 * (x[10] + x[16]) - 153 * (x[11] + x[15]) + 1379 * (x[12] + x[14])
            + 2300 * x[13] + 8192;
        acc >>= 14;
        *out = acc > 32767 ? 32767 : acc < -32768 ? -32768 : acc;
    }
}

int decimate(struct decimator *d, const int32_t *frames, int n, int16_t *out)
{
    int made = (d->waiting + n) / 8, kept = 7 + d->waiting;

    for (int channel = 0; channel < 2; channel++) {
        int16_t *line = d->lines[channel];
        int32_t *between = d->between[channel];

        for (int i = 0; i < n; i++)
            line[kept + i] = frames[2 * i + channel] >> 16;
        first_stage(line, made, between + 25);
        memmove(line, line + 8 * made, 14 * sizeof *line);
        second_stage(between, made, out + channel);
        memmove(between, between + 2 * made, 25 * sizeof *between);
    }
    d->waiting += n - 8 * made;
    return made;
}
