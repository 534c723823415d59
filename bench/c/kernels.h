/* The firmware's hot kernels in plain C: what they would cost as a native extension. Each takes
 * what its viper twin takes and leaves the same in the same arrays, bit for bit. */

#ifndef KERNELS_H
#define KERNELS_H

#include <stdint.h>

/* State of activity.py. */
enum { TICKS = 40 };

struct activity {
    int32_t now, floor[2], ratio, open, age, muted;
    int32_t energy, smooth, envelope_1, envelope_2;
    int32_t tick_phase, tick_power, tick_slot, on_level, off_level, run, warm_up;
    uint32_t x1, x2, y1, y2; /* int16 patterns */
    int32_t error;
    uint32_t ticks[TICKS];
};

/* State of filters.py. */
enum { FOLD = 100 };

struct halves {
    uint32_t high, low;
};

struct conditioner {
    uint32_t clipped, lowest, highest;
    int32_t cycles, limit, fresh;
    int32_t last, plateau, rail_run, slot;
    struct halves high_pass[2], low_pass[2];
    uint32_t between[2]; /* int16 patterns */
    int32_t sine, cosine; /* 2**28 too high */
    int32_t angle;
    uint32_t fold[FOLD];
};

int decimate(const uint16_t *words, uint16_t *lines, uint32_t *between, uint16_t *out, int waiting,
             int n);
void condition(const uint16_t *src, int offset, int n, uint16_t *work, const uint16_t *sine,
               struct conditioner *state);
int sense(const uint16_t *work, int start, int end, uint16_t *ring, uint16_t *envelope,
          struct activity *state);

int muldiv(int a, int b, int c);
int log2_q8(int v);
int mean_power_q4(const uint16_t *ring, int mask, int start, int step, int n, int lag);
int fill_bins(const uint16_t *ring, int mask, int start, int step, int n, int noise_q4,
              uint16_t *bins);
int mean_q4(const uint16_t *bins, int first, int stop);
int most_likely_step(const uint16_t *bins, int first, int last, int noise_q4, int level_q4);
int onset_fifths(const uint16_t *bins, int first, int last, int n, int noise_q4, int level_q4);
void add_samples(const uint16_t *ring, int start, int n, int age, uint32_t *sums);

void condense(const uint16_t *raw, int start, int mask, int steps, uint16_t *magnitudes, int m_mask,
              uint16_t *out, int step);
void project(const uint16_t *steps, int step, int mask, int n, int first, const int32_t *axis,
             uint16_t *out);
int shake(const uint16_t *steps, int step, int mask, int n, int first, uint16_t *change,
          uint16_t *out, int total);
int health(const uint16_t *raw, int start, int mask, int frames, int least, uint32_t *rail);
void stride_sums(const uint16_t *steps, int step, int mask, int n, const uint16_t *magnitudes,
                 int m_mask, int32_t *out);
void smooth_33_ms(const uint16_t *source, int n, uint16_t *out);
int good_words(const uint8_t *word, int words);
int assemble(const uint8_t *raw, int end, int32_t *state, uint16_t *frame, uint16_t *out, int room,
             int whole);
int copy_in(int head, int offset, int frames, int tail, uint32_t *ring, const uint16_t *source,
            int mask, int words);

/* Passes of the FFT over 128 complex numbers, the exponent and the largest component. */
void load(const uint16_t *ring, int start, int mask, const uint16_t *window, const uint8_t *order,
          int16_t *work);
void first_pass(int16_t *work);
void radix4_pass(int16_t *work, int quarter, const int16_t *cosine);
void last_pass(int16_t *work, const int16_t *cosine);
int split(const int16_t *work, const int16_t *cosine, uint32_t *power);

#endif
