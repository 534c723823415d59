#include <string.h>

#include "kernels.h"

enum {
    HP_B = 7495, HP_A1 = -14932, HP_A2 = 6858,
    LP_B = 6558, LP_A1 = 12788, LP_A2 = 5254,
    NOTCH_MOST = 0x4000000,
    RAIL = 32767, LONG_RAIL = 64, PLATEAU_RUN = 4, PLATEAU_LEVEL = 1600,
};

static inline int clipped(int v, int limit)
{
    return v > limit ? limit : v < -limit ? -limit : v;
}

/* Round the Q13 accumulator to int16; the rounding error is kept for the next samples. */
static inline int quantise(int acc, struct biquad *s)
{
    int y = (acc + 4096) >> 13;

    s->e2 = s->e1;
    s->e1 = acc - (y << 13);
    if (y > 32767 || y < -32767) {
        y = y > 0 ? 32767 : -32767;
        s->e1 = 0;
    }
    s->y2 = s->y1;
    s->y1 = y;
    return y;
}

static inline void shift_in(struct biquad *s, int x)
{
    s->x2 = s->x1;
    s->x1 = x;
}

static void watch_rails(struct conditioner *c, int raw)
{
    int x = raw + 0x8000;

    if (raw >= RAIL || raw <= -RAIL) {
        c->rail_run++;
        c->clipped++;
        c->plateau = 0;
    } else {
        if (c->rail_run >= LONG_RAIL)
            c->fresh = 1;
        c->rail_run = 0;
        c->plateau = x == c->last ? c->plateau + 1 : 0;
        if (c->plateau >= PLATEAU_RUN - 1 && (raw > PLATEAU_LEVEL || raw < -PLATEAU_LEVEL))
            c->clipped++;
    }
    c->last = x;
    if (x < c->lowest)
        c->lowest = x;
    if (x > c->highest)
        c->highest = x;
    c->fold[c->slot] += x;
    if (++c->slot == FOLD)
        c->slot = 0;
}

static inline int band_pass(struct biquad *high, struct biquad *low, int x)
{
    struct biquad *h = high, *l = low;
    int acc = HP_B * (x - 2 * h->x1 + h->x2) - HP_A1 * h->y1 - HP_A2 * h->y2 + 2 * h->e1 - h->e2;
    int y;

    shift_in(h, x);
    y = quantise(acc, h);
    acc = LP_B * (y + 2 * l->x1 + l->x2) - LP_A1 * l->y1 - LP_A2 * l->y2 - 2 * l->e1 - l->e2;
    shift_in(l, y);
    return quantise(acc, l);
}

static inline int notch(struct canceller *n, int cycles, int limit, const uint16_t *sine, int x)
{
    int s = sine[n->angle] - 4096, c = sine[n->angle + 25] - 4096;
    int v;

    n->angle += cycles;
    if (n->angle >= FOLD)
        n->angle -= FOLD;
    x = clipped(x - (((n->sine >> 8) * s + (n->cosine >> 8) * c + 0x8000) >> 16), 32767);
    v = clipped(x, limit);
    n->sine = clipped(n->sine + ((v * s + 32) >> 6), NOTCH_MOST);
    n->cosine = clipped(n->cosine + ((v * c + 32) >> 6), NOTCH_MOST);
    return x;
}

void reset_conditioner(struct conditioner *c, int cycles, int limit)
{
    memset(c, 0, sizeof *c);
    c->cycles = cycles;
    c->limit = limit;
    c->lowest = 0xFFFF;
    c->fresh = 1;
}

void condition(const int16_t *src, int n, int16_t *out, const uint16_t *sine,
               struct conditioner *state)
{
    struct conditioner c = *state;

    for (int i = 0; i < n; i++) {
        int x = src[2 * i];
        watch_rails(&c, x);
        if (c.fresh) {
            c.fresh = 0;
            c.high = (struct biquad) { .x1 = x, .x2 = x };
            c.low.x1 = c.low.x2 = 0;
        }
        x = band_pass(&c.high, &c.low, x);
        if (c.cycles)
            x = notch(&c.mains, c.cycles, c.limit, sine, x);
        out[i] = x;
    }
    *state = c;
}
