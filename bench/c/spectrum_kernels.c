#include <stdlib.h>

#include "kernels.h"

enum { POINTS = 256, COMPLEX = 128, PASS_LIMIT = 24900, EXPONENT = 256, PEAK = 257 };

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

/* Leave the exponent and the largest component, a halfword without a sign, behind the data. */
static void leave(struct pass *p, int more)
{
    p->w[EXPONENT] += more;
    p->w[PEAK] = p->peak;
}

static int left_peak(const int16_t *work)
{
    return (uint16_t)work[PEAK];
}

/* Scale to full range, window, put in bit-reversed order. */
void load(const uint16_t *ring, int start, int mask, const uint16_t *window, const uint8_t *order,
          int16_t *work)
{
    const int16_t *x = (const int16_t *)ring;
    struct pass p = { .w = work, .down = 15 };
    int every = 0, up = 0;

    for (int i = 0; i < POINTS; i++)
        every |= abs(x[(start + i) & mask]);
    if (every)
        for (; every < 16384; every <<= 1)
            up++;
    for (int i = 0; i < COMPLEX; i++) {
        int j = 2 * i;
        put(&p, 2 * order[i], (x[(start + j) & mask] << up) * window[j] + 16384,
            (x[(start + j + 1) & mask] << up) * window[j + 1] + 16384);
    }
    work[EXPONENT] = 0;
    leave(&p, -up);
}

void first_pass(int16_t *work)
{
    struct pass passed = { .w = work }, *p = &passed;
    int peak = left_peak(work), half;

    for (p->down = 0; peak > PASS_LIMIT >> 2; peak >>= 1)
        p->down++;
    half = (1 << p->down) >> 1;
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
    leave(p, p->down);
}

void radix4_pass(int16_t *work, int quarter, const int16_t *cosine)
{
    struct pass passed = { .w = work }, *p = &passed;
    int peak = left_peak(work), half;

    for (p->down = 14; peak * 21 > PASS_LIMIT << 2; peak >>= 1)
        p->down++;
    half = 1 << (p->down - 1);
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
    leave(p, p->down - 14);
}

void last_pass(int16_t *work, const int16_t *cosine)
{
    struct pass passed = { .w = work }, *p = &passed;
    int peak = left_peak(work), half;

    for (p->down = 14; peak * 5 > 65535; peak >>= 1)
        p->down++;
    half = 1 << (p->down - 1);
    for (int i = 0; i < COMPLEX; i += 2) {
        int16_t *a = p->w + i, *b = a + COMPLEX;
        int wr = cosine[i], wi = cosine[i + 64];
        int br = b[0] * wr - b[1] * wi, bi = b[0] * wi + b[1] * wr;
        int re = (a[0] << 14) + half, im = (a[1] << 14) + half;
        put(p, i + COMPLEX, re - br, im - bi);
        put(p, i, re + br, im + bi);
    }
    leave(p, p->down - 14);
}

int split(const int16_t *work, const int16_t *cosine, uint32_t *power)
{
    int peak = left_peak(work), down = 13, half;

    for (; peak > 11580; peak >>= 1)
        down++;
    half = 1 << (down - 1);
    for (int k = 0; k <= 64; k++) {
        const int16_t *z = work + 2 * k, *y = work + 2 * ((COMPLEX - k) & 127);
        int wr = cosine[k], wi = cosine[k + 64];
        int dr = z[0] - y[0], di = z[1] + y[1];
        int even = ((z[0] + y[0]) << 12) + half, odd = (di * wi >> 2) - (dr * wr >> 2) + half;
        int imag = (z[1] - y[1]) << 12, a = dr * wi, b = di * wr;
        int re = (even + (a >> 2) + (b >> 2)) >> down, im = (odd + imag) >> down;
        int other_re = (even + (-a >> 2) + (-b >> 2)) >> down, other_im = (odd - imag) >> down;
        power[k] = re * re + im * im;
        power[COMPLEX - k] = other_re * other_re + other_im * other_im;
    }
    return 2 * (work[EXPONENT] + down - 13);
}
