#include <string.h>

#include "kernels.h"

/* Taps of the half-band filters on one side, outermost first; 8192 in the middle. */
static const int FIRST[] = { -603, 4699 };
static const int SECOND[] = { -97, 414, -1270, 5049 };
static const int THIRD[] = { -50, 94, -177, 308, -513, 866, -1627, 5195 };

void reset_decimator(struct decimator *d)
{
    memset(d, 0, sizeof *d);
    d->counts[0] = 6;
    d->counts[1] = 14;
    d->counts[2] = 30;
}

/* Halve the rate of the line into out; keeps its history, returns how many came out. */
static inline int halve(int16_t *line, int *count, const int *taps, int side, int16_t *out, int step)
{
    int length = 4 * side - 1, made = 0;
    const int16_t *x = line;

    for (; x + length <= line + *count; x += 2) {
        int acc = 8192 * (x[2 * side - 1] + 1);
        for (int k = 0; k < side; k++)
            acc += taps[k] * (x[2 * k] + x[length - 1 - 2 * k]);
        acc >>= 14;
        out[step * made++] = acc > 32767 ? 32767 : acc < -32767 ? -32767 : acc;
    }
    *count -= 2 * made;
    memmove(line, x, *count * sizeof *line);
    return made;
}

int decimate(struct decimator *d, const int32_t *frames, int n, int16_t *out)
{
    for (int i = 0; i < n; i++)
        d->lines[0][d->counts[0]++] = frames[2 * i] >> 16;
    d->counts[1] += halve(d->lines[0], &d->counts[0], FIRST, 2, d->lines[1] + d->counts[1], 1);
    d->counts[2] += halve(d->lines[1], &d->counts[1], SECOND, 4, d->lines[2] + d->counts[2], 1);
    return halve(d->lines[2], &d->counts[2], THIRD, 8, out, 2);
}
