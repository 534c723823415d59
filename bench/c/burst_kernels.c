#include <stdlib.h>

#include "kernels.h"

enum { STEP_MOST = 23170, CAP = 32767, MARGIN = 5 };

int muldiv(int a, int b, int c)
{
    int64_t product = llabs((int64_t)a * b), quotient = 0x3FFFFFFF;

    if (c > 0 && product / c < quotient) {
        quotient = product / c;
        if (2 * (product % c) >= c)
            quotient++;
    }
    return (a < 0) != (b < 0) ? -quotient : quotient;
}

int log2_q8(int v)
{
    int exponent = 14, shift = 0;

    if (v < 1)
        return 0;
    for (; v < 0x4000; v <<= 1)
        exponent--;
    while (v >> shift >= 0x8000)
        shift++;
    if (shift) {
        v = (v + (1 << (shift - 1))) >> shift;
        exponent += shift;
        if (v >= 0x8000) {
            v >>= 1;
            exponent++;
        }
    }
    for (int bit = 0; bit < 9; bit++) {
        v = (v * v + 0x2000) >> 14;
        exponent <<= 1;
        if (v >= 0x8000) {
            v >>= 1;
            exponent++;
        }
    }
    return (exponent + 1) >> 1;
}

static int log_ratio(int v1, int v0)
{
    return (log2_q8(v1) - log2_q8(v0)) * 177 >> 8;
}

static inline int limited(int v, int most)
{
    return v > most ? most : v < -most ? -most : v;
}

int mean_power_q4(const uint16_t *ring, int mask, int start, int step, int n, int lag)
{
    const int16_t *x = (const int16_t *)ring;
    int64_t sum = 0;

    for (int i = 0, at = start; i < n; i++, at += step) {
        int v = x[at & mask];
        if (lag)
            v = limited(v - x[(at - lag) & mask], STEP_MOST);
        sum += v * v;
    }
    sum = (sum << 4) / n;
    return sum > 0x20000000 ? 0x20000000 : sum;
}

int fill_bins(const uint16_t *ring, int mask, int start, int step, int n, int noise_q4,
              uint16_t *bins)
{
    const int16_t *x = (const int16_t *)ring;
    int up = 0, down = 0, cap;
    int before = x[(start - 2 * step) & mask], last = x[(start - step) & mask];

    for (noise_q4 <<= 1; noise_q4 < 256; noise_q4 <<= 1)
        up++;
    for (; noise_q4 >= 512; noise_q4 >>= 1)
        down++;
    cap = CAP >> up;
    for (int k = 0; k < n; k++, start += 2 * step) {
        int one = x[start & mask], two = x[(start + step) & mask];
        int a = limited(one - before, STEP_MOST), b = limited(two - last, STEP_MOST);
        int power = (a * a + b * b) >> down;

        before = one;
        last = two;
        bins[k] = (power > cap ? cap : power) << up;
    }
    return noise_q4;
}

int mean_q4(const uint16_t *bins, int first, int stop)
{
    int total = 0;

    for (int k = first; k < stop; k++)
        total += bins[k];
    return (total << 4) / (stop - first);
}

int most_likely_step(const uint16_t *bins, int first, int last, int noise_q4, int level_q4)
{
    int weight = 4096 - (noise_q4 << 12) / level_q4;
    int rise = log_ratio(level_q4, noise_q4) * noise_q4;
    int likelihood = 0, best = 0, best_at = first;

    for (int k = first; k < last; k++) {
        likelihood += (rise - weight * bins[k]) >> 6;
        if (likelihood > best) {
            best = likelihood;
            best_at = k + 1;
        }
    }
    return best_at;
}

/* Of one duration against another, by how far apart their likelihoods are. */
static int weight(int apart, int noise_q4)
{
    if (apart >= noise_q4 << 6)
        return 0;
    apart = apart * 4 / noise_q4; /* bits, Q4 */
    return (256 - ((apart & 15) << 3)) >> (apart >> 4);
}

int onset_fifths(const uint16_t *bins, int first, int last, int n, int noise_q4, int level_q4)
{
    static const int squares[] = { 1, 9, 25, 49 }, durations[] = { 0, 2, 5, 8 };
    int rise = level_q4 - noise_q4, logs[4], w[5];
    int log_all = log_ratio(level_q4, noise_q4) * noise_q4;
    int top = 0, weights = 0, places = 0;

    for (int i = 0; i < 4; i++) {
        int v = noise_q4 + (rise * squares[i] >> 6);
        w[i] = (noise_q4 << 12) / v;
        logs[i] = log_ratio(level_q4, v) * noise_q4;
    }
    w[4] = (noise_q4 << 12) / level_q4;
    for (int i = 0; i < 4; i++) {
        int s = durations[i], stop = n - MARGIN - 4 * s;
        int best = 0, best_at = first, likelihood, place;

        if (stop > last)
            stop = last;
        if (stop < first)
            continue;
        for (int k = first; k < first + s; k++)
            for (int j = 0; j < 4; j++)
                best += (logs[j] - (w[j] - w[4]) * bins[k + j * s]) >> 6;
        likelihood = best;
        for (int k = first; k < stop; k++) {
            const uint16_t *b = bins + k;
            int v = (4096 - w[0]) * b[0] + (w[0] - w[1]) * b[s] + (w[1] - w[2]) * b[2 * s]
                + (w[2] - w[3]) * b[3 * s] + (w[3] - w[4]) * b[4 * s];
            likelihood += (log_all - v) >> 6;
            if (likelihood > best) {
                best = likelihood;
                best_at = k + 1;
            }
        }
        place = 10 * best_at + 2 * s;
        if (s == 0) {
            top = best;
            weights = 256;
            places = 256 * place;
        } else {
            int v = weight(abs(best - top), noise_q4);
            if (best > top) {
                top = best;
                weights = (weights * v >> 8) + 256;
                places = (places * v >> 8) + 256 * place;
            } else {
                weights += v;
                places += v * place;
            }
        }
    }
    return places / weights;
}

struct sums {
    uint32_t power_low, power_high, moment_low, moment_high, area;
};

void add_samples(const uint16_t *ring, int start, int n, int age, uint32_t *sums)
{
    struct sums *s = (struct sums *)sums;
    int64_t power = ((int64_t)s->power_high << 15) + s->power_low;
    int64_t moment = ((int64_t)s->moment_high << 15) + s->moment_low;

    for (int i = 0; i < n; i++) {
        int x = abs((int16_t)ring[(start + i) & 2047]);
        s->area += x;
        power += x * x;
        moment += x * (age + i);
    }
    *s = (struct sums) { power & 0x7FFF, power >> 15, moment & 0x7FFF, moment >> 15, s->area };
}
