#include <stdlib.h>

#include "kernels.h"

enum { BAND_B = 4354, BAND_A1 = -5909, BAND_A2 = -515 };
enum {
    SUSTAIN = 25, HOLD = 60, ONSET_LAG = 80, SETTLE_LAG = 250, MAX_BURST = 30000, LONG = 6000,
    TICK = 25, SETTLED = 4, ARMED = 12, WARM = 80,
    ENERGY_CAP = 0x3FFFFFF, POWER_CAP = 0x1FFFFFF, NEVER = 0x3FFFFFFF,
};
static const int FLOOR_LOWEST[2] = { 256, 800 };
static const int FLOOR_HIGHEST[2] = { 0xFFFFFF, 0x3FFFFFF };

static int moved_floor(int floor, int value, int lowest, int highest, int warm, int rise)
{
    value = (value > highest >> 3 ? highest >> 3 : value) << 3;
    if (value >= floor)
        floor += floor >> rise;
    else if (warm < ARMED)
        floor = value;
    else if (warm < WARM)
        floor -= floor >> 3;
    else
        floor -= 3 * (floor >> 7);
    return floor < lowest ? lowest : floor > highest ? highest : floor;
}

static void tick(struct activity *a)
{
    int values[2] = { a->energy, a->tick_power };
    int warm = a->warm_up, rise = 7;

    a->ticks[a->tick_slot] = a->tick_power;
    if (++a->tick_slot == TICKS)
        a->tick_slot = 0;
    if (warm < WARM)
        a->warm_up = warm + 1;
    if (warm < SETTLED)
        return;
    if (warm < WARM)
        rise = 5;
    if (a->open && a->age <= LONG)
        rise = 9;
    for (int i = 0; i < 2; i++)
        a->floor[i] = moved_floor(a->floor[i], values[i], FLOOR_LOWEST[i], FLOOR_HIGHEST[i],
                                  warm, rise);
    if (warm >= ARMED && !a->muted) {
        a->on_level = (a->floor[0] >> 3) * a->ratio >> 4;
        a->off_level = a->on_level - (a->on_level >> 2);
    } else {
        a->on_level = NEVER;
    }
}

enum { ONSET = 1, OFFSET = 2, LEVEL_SETTLED = 3, ANOTHER_CHUNK = 4, CHUNK = 512 };

/* Moves the state of the burst on by one sample; returns the event, 0 when there is none. */
static inline int judge(struct activity *a, int energy)
{
    if (!a->open) {
        a->run = energy > a->on_level ? a->run + 1 : 0;
        if (a->run == SUSTAIN) {
            a->open = 1;
            a->age = SUSTAIN;
            a->run = 0;
        }
        return 0;
    }
    a->age++;
    a->run = energy < a->off_level ? a->run + 1 : 0;
    if (a->run == HOLD || a->age == MAX_BURST) {
        a->open = 0;
        a->run = 0;
        return OFFSET;
    }
    if (a->age == ONSET_LAG)
        return ONSET;
    if (a->age == SETTLE_LAG)
        return LEVEL_SETTLED;
    return a->age % CHUNK ? 0 : ANOTHER_CHUNK;
}

int sense(const uint16_t *work, int start, int end, uint16_t *ring, uint16_t *envelope,
          struct activity *a)
{
    int x1 = (int16_t)a->x1, x2 = (int16_t)a->x2, y1 = (int16_t)a->y1, y2 = (int16_t)a->y2;
    int error = a->error, smooth = a->smooth, energy = a->energy;
    int envelope_1 = a->envelope_1, envelope_2 = a->envelope_2;
    int power = a->tick_power, phase = a->tick_phase, event = 0;

    while (start < end && !event) {
        int v = (int16_t)work[start++], k = a->now++ & 2047;
        int acc = BAND_B * (v - x2) - BAND_A1 * y1 - BAND_A2 * y2 + error;
        int y = acc >> 13, psi;

        y = y > 32767 ? 32767 : y < -32767 ? -32767 : y;
        psi = abs(y1 * y1 - y2 * y);
        ring[k] = v;
        x2 = x1;
        x1 = v;
        error = acc & 0x1FFF;
        y2 = y1;
        y1 = y;
        smooth += (((psi > ENERGY_CAP ? ENERGY_CAP : psi) << 3) - smooth) >> 3;
        energy += (smooth - energy) >> 3;
        envelope_1 += ((abs(v) << 8) - envelope_1) >> 4;
        envelope_2 += (envelope_1 - envelope_2) >> 4;
        envelope[k] = envelope_2 >> 8;
        power += v * v > POWER_CAP ? POWER_CAP : v * v;
        if (++phase == TICK) {
            phase = 0;
            a->energy = energy;
            a->tick_power = power;
            if (a->open)
                a->age++;
            tick(a);
            if (a->open)
                a->age--;
            power = 0;
        }
        event = judge(a, energy);
    }
    a->x1 = x1 & 0xFFFF;
    a->x2 = x2 & 0xFFFF;
    a->y1 = y1 & 0xFFFF;
    a->y2 = y2 & 0xFFFF;
    a->error = error;
    a->smooth = smooth;
    a->energy = energy;
    a->envelope_1 = envelope_1;
    a->envelope_2 = envelope_2;
    a->tick_power = power;
    a->tick_phase = phase;
    return start + (event << 8);
}
