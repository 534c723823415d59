#include <stdlib.h>

#include "kernels.h"

enum { POINTS = 256, COMPLEX = 128, PASS_LIMIT = 24900 };

struct pass {
    int16_t *w;  /* 128 complex numbers */
    int peak;    /* largest component so far */
    int down;    /* right shift of every output */
};

static inline void put(struct pass *p, int i, int re, int im)
{
    re >>= p->down;
    im >>= p->down;
    p->w[i] = re;
    p->w[i + 1] = im;
    if (abs(re) > p->peak)
        p->peak = abs(re);
    if (abs(im) > p->peak)
        p->peak = abs(im);
}

static int reversed_bits(int i)
{
    int order = 0;

    for (int bit = 0; bit < 7; bit++)
        order |= (i >> bit & 1) << (6 - bit);
    return order;
}

void bit_reversal(uint8_t order[COMPLEX])
{
    for (int i = 0; i < COMPLEX; i++)
        order[i] = reversed_bits(i);
}

/* Scale to full range, window with Hann, bit-reverse; returns the exponent. */
static int load(const int16_t *x, const int16_t *cosine, const uint8_t *order, struct pass *p)
{
    int every = 0, up = 0;

    for (int i = 0; i < POINTS; i++)
        every |= abs(x[i]);
    if (every)
        for (; every < 16384; every <<= 1)
            up++;
    p->peak = 0;
    p->down = 15;
    for (int i = 0; i < COMPLEX; i++) {
        int j = 2 * i;
        put(p, 2 * order[i], (x[j] << up) * (16384 - cosine[j]) + 16384,
            (x[j + 1] << up) * (16384 - cosine[j + 1]) + 16384);
    }
    return -up;
}

static void first_pass(struct pass *p)
{
    int peak = p->peak, half;

    for (p->down = 0; peak > PASS_LIMIT >> 2; peak >>= 1)
        p->down++;
    half = (1 << p->down) >> 1;
    p->peak = 0;
    for (int i = 0; i < POINTS; i += 8) {
        int16_t *w = p->w + i;
        int sr = w[0] + w[2] + half, si = w[1] + w[3] + half;
        int ar = w[0] - w[2] + half, ai = w[1] - w[3] + half;
        int tr = w[4] + w[6], ti = w[5] + w[7];
        int cr = w[4] - w[6], ci = w[5] - w[7];
        put(p, i, sr + tr, si + ti);
        put(p, i + 4, sr - tr, si - ti);
        put(p, i + 2, ar + ci, ai - cr);
        put(p, i + 6, ar - ci, ai + cr);
    }
}

static void radix4_pass(struct pass *p, const int16_t *cosine, int quarter)
{
    int peak = p->peak, half;

    for (p->down = 14; peak * 21 > PASS_LIMIT << 2; peak >>= 1)
        p->down++;
    half = 1 << (p->down - 1);
    p->peak = 0;
    for (int j = 0; j < quarter; j++) {
        const int16_t *c = cosine, *s = cosine + 64;
        int k = 64 / quarter * j;
        int c1 = c[k], s1 = s[k], c2 = c[2 * k], s2 = s[2 * k], c3 = c[3 * k], s3 = s[3 * k];

        for (int i = 2 * j; i < POINTS; i += 8 * quarter) {
            int ib = i + 2 * quarter, ic = ib + 2 * quarter, id = ic + 2 * quarter;
            const int16_t *a = p->w + i, *b = p->w + ib, *d = p->w + id;
            const int16_t *m = p->w + ic;
            int re = (a[0] << 14) + half, im = (a[1] << 14) + half;
            int br = b[0] * c2 - b[1] * s2, bi = b[0] * s2 + b[1] * c2;
            int mr = m[0] * c1 - m[1] * s1, mi = m[0] * s1 + m[1] * c1;
            int dr = d[0] * c3 - d[1] * s3, di = d[0] * s3 + d[1] * c3;
            int sr = re + br, si = im + bi, ar = re - br, ai = im - bi;
            int tr = mr + dr, ti = mi + di, cr = mr - dr, ci = mi - di;
            put(p, id, ar - ci, ai + cr);
            put(p, ic, sr - tr, si - ti);
            put(p, ib, ar + ci, ai - cr);
            put(p, i, sr + tr, si + ti);
        }
    }
}

static void last_pass(struct pass *p, const int16_t *cosine)
{
    int peak = p->peak, half;

    for (p->down = 14; peak * 5 > 65535; peak >>= 1)
        p->down++;
    half = 1 << (p->down - 1);
    p->peak = 0;
    for (int i = 0; i < COMPLEX; i += 2) {
        int16_t *a = p->w + i, *b = a + COMPLEX;
        int wr = cosine[i], wi = cosine[i + 64];
        int br = b[0] * wr - b[1] * wi, bi = b[0] * wi + b[1] * wr;
        int re = (a[0] << 14) + half, im = (a[1] << 14) + half;
        put(p, i + COMPLEX, re - br, im - bi);
        put(p, i, re + br, im + bi);
    }
}

static int split(const struct pass *p, const int16_t *cosine, uint32_t *power)
{
    int peak = p->peak, down = 13, half;

    for (; peak > 11580; peak >>= 1)
        down++;
    half = 1 << (down - 1);
    for (int k = 0; k <= COMPLEX; k++) {
        const int16_t *z = p->w + 2 * (k & 127), *y = p->w + 2 * ((128 - k) & 127);
        int wr = cosine[k], wi = cosine[k + 64];
        int dr = z[0] - y[0], di = z[1] + y[1];
        int re = (((z[0] + y[0]) << 12) + (dr * wi >> 2) + (di * wr >> 2) + half) >> down;
        int im = (((z[1] - y[1]) << 12) + (di * wi >> 2) - (dr * wr >> 2) + half) >> down;
        power[k] = re * re + im * im;
    }
    return down - 13;
}

int power_spectrum(const int16_t *x, const int16_t *cosine, const uint8_t *order, uint32_t *power)
{
    int16_t work[POINTS];
    struct pass p = { .w = work };
    int exponent = load(x, cosine, order, &p);

    first_pass(&p);
    exponent += p.down;
    radix4_pass(&p, cosine, 4);
    exponent += p.down - 14;
    radix4_pass(&p, cosine, 16);
    exponent += p.down - 14;
    last_pass(&p, cosine);
    exponent += p.down - 14;
    exponent += split(&p, cosine, power);
    return 2 * exponent;
}
