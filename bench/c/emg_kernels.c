#include "kernels.h"

enum {
    HP_B = 7495, HP_A1 = -14932, HP_A2 = 6858,
    LP_B = 6558, LP_A1 = 12788, LP_A2 = 5254,
    NOTCH_MOST = 0x4000000, NOTCH_ZERO = 0x10000000,
    RAIL = 32767, LONG_RAIL = 64, PLATEAU_RUN = 4, PLATEAU_LEVEL = 1600,
};

static inline int clipped(int v, int limit)
{
    return v > limit ? limit : v < -limit ? -limit : v;
}

/* Round a Q13 accumulator to int16; the error, 4096 too high, is kept for the next samples. */
static inline int quantise(int acc, int *error)
{
    int y = acc >> 13;

    *error = acc & 0x1FFF;
    if (y > 32767 || y < -32767) {
        y = y > 0 ? 32767 : -32767;
        *error = 4096;
    }
    return y;
}

/* Index of the first sample behind a long stay on a rail; n when there is none. */
static int watch_rails(const uint16_t *x, int n, struct conditioner *c)
{
    int released = n;

    for (int i = 0; i < n; i++, x += 2) {
        int v = (int16_t)*x;

        if (v >= RAIL || v <= -RAIL) {
            c->rail_run++;
            c->clipped++;
            c->plateau = 0;
        } else {
            if (c->rail_run >= LONG_RAIL)
                released = i;
            c->rail_run = 0;
            c->plateau = v + 0x8000 == c->last ? c->plateau + 1 : 0;
            if (c->plateau >= PLATEAU_RUN - 1 && (v > PLATEAU_LEVEL || v < -PLATEAU_LEVEL))
                c->clipped++;
        }
        c->last = v + 0x8000;
    }
    return released;
}

/* Fold and extremes; returns as watch_rails. */
static int gather(const uint16_t *x, int n, struct conditioner *c)
{
    uint32_t low = 0xFFFF, high = 0;
    int slot = c->slot;

    for (int i = 0; i < n; i++) {
        uint32_t v = x[2 * i] ^ 0x8000;
        low = v < low ? v : low;
        high = v > high ? v : high;
        c->fold[slot] += v;
        if (++slot == FOLD)
            slot = 0;
    }
    c->slot = slot;
    c->lowest = low < c->lowest ? low : c->lowest;
    c->highest = high > c->highest ? high : c->highest;
    if (low < 0x8000 - PLATEAU_LEVEL || high > 0x8000 + PLATEAU_LEVEL)
        return watch_rails(x, n, c);
    int released = c->rail_run >= LONG_RAIL ? 0 : n;
    c->rail_run = 0;
    c->plateau = 0;
    c->last = x[2 * n - 2] ^ 0x8000;
    return released;
}

static inline int joined(struct halves h)
{
    return (int)(h.high << 16 | h.low);
}

static inline struct halves parted(int v)
{
    return (struct halves) { (uint32_t)v >> 16, v & 0xFFFF };
}

void condition(const uint16_t *src, int offset, int n, uint16_t *work, const uint16_t *sine,
               struct conditioner *c)
{
    const uint16_t *p = src + offset;
    int released = gather(p, n, c);
    int next_1 = joined(c->high_pass[0]), next_2 = joined(c->high_pass[1]);
    int then_1 = joined(c->low_pass[0]), then_2 = joined(c->low_pass[1]);
    int y1 = (int16_t)c->between[0], y2 = (int16_t)c->between[1];
    int in_phase = c->sine - NOTCH_ZERO, across = c->cosine - NOTCH_ZERO;
    int cycles = c->cycles, limit = c->limit, angle = c->angle, fresh = c->fresh;

    c->fresh = 0;
    for (int i = 0; i < n; i++) {
        int x = (int16_t)p[2 * i], error, y;

        if (fresh || i == released) {
            fresh = 0;
            next_1 = 4096 - HP_B * x;
            next_2 = HP_B * x - 4096;
            y1 = y2 = 0;
        }
        y = quantise(HP_B * x + next_1, &error);
        next_1 = next_2 - 2 * HP_B * x - HP_A1 * y + 2 * error;
        next_2 = HP_B * x - HP_A2 * y - error;
        x = quantise(LP_B * (y + 2 * y1 + y2) + then_1, &error);
        y2 = y1;
        y1 = y;
        then_1 = then_2 - LP_A1 * x - 2 * error;
        then_2 = 16384 - LP_A2 * x - error;
        if (cycles) {
            int s = sine[angle] - 4096, q = sine[angle + 25] - 4096;
            angle += cycles;
            if (angle >= FOLD)
                angle -= FOLD;
            x -= ((in_phase >> 8) * s + (across >> 8) * q + 0x8000) >> 16;
            x = clipped(x, 32767);
            y = clipped(x, limit);
            in_phase = clipped(in_phase + ((y * s + 32) >> 6), NOTCH_MOST);
            across = clipped(across + ((y * q + 32) >> 6), NOTCH_MOST);
        }
        work[i] = x;
    }
    c->high_pass[0] = parted(next_1);
    c->high_pass[1] = parted(next_2);
    c->low_pass[0] = parted(then_1);
    c->low_pass[1] = parted(then_2);
    c->between[0] = y1 & 0xFFFF;
    c->between[1] = y2 & 0xFFFF;
    c->sine = in_phase + NOTCH_ZERO;
    c->cosine = across + NOTCH_ZERO;
    c->angle = angle;
}
