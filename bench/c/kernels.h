/* The firmware's hot kernels in plain C: what they would cost as a native extension.
 * Same arithmetic, same block sizes, same state; the outputs are compared bit for bit. */

#ifndef KERNELS_H
#define KERNELS_H

#include <stdint.h>

struct biquad {
    int x1, x2, y1, y2, e1, e2;
};

struct canceller {
    int sine, cosine, angle;
};

enum { FOLD = 100 };

struct conditioner {
    int cycles, limit, fresh, last, plateau, rail_run, slot;
    int clipped, lowest, highest;
    uint32_t fold[FOLD];
    struct biquad high, low;
    struct canceller mains;
};

enum { MOST_FRAMES = 512 };

struct decimator {
    int16_t lines[2][7 + 7 + MOST_FRAMES];
    int32_t between[2][25 + MOST_FRAMES / 4];
    int waiting;
};

enum { TICKS = 40 };

struct activity {
    int x1, x2, y1, y2, error;
    int smooth, energy, envelope_1, envelope_2;
    uint32_t ticks[TICKS];
    int tick_phase, tick_power, tick_slot, warm_up;
    int floor[2], ratio, on_level, off_level;
    int open, run, age, event, muted;
};

void reset_decimator(struct decimator *d);
/* n <= 512 stereo frames of 8 kHz to pairs of samples at 1 kHz; returns how many. */
int decimate(struct decimator *d, const int32_t *frames, int n, int16_t *out);
void reset_conditioner(struct conditioner *state, int cycles, int limit);
void condition(const int16_t *src, int n, int16_t *out, const uint16_t *sine,
               struct conditioner *state);
void reset_activity(struct activity *state);
int sense(const int16_t *x, int n, int position, int16_t *ring, uint16_t *envelope,
          struct activity *state);
/* Four frames to a step: |acceleration| of each, the average of all six axes. */
void condense(const int16_t *frames, int steps, uint16_t *magnitudes, int16_t *out);
void project(const int16_t *frames, int n, int first, const int32_t axis[3], uint16_t *out);
void bit_reversal(uint8_t order[128]);
int power_spectrum(const int16_t *x, const int16_t *cosine, const uint8_t *order, uint32_t *power);

#endif
