#include <stdlib.h>
#include <string.h>

#include "kernels.h"

enum { BAND_B = 4354, BAND_A1 = -5909, BAND_A2 = -515 };
enum {
    SUSTAIN = 25, HOLD = 60, ONSET_LAG = 80, SETTLE_LAG = 250, MAX_BURST = 30000, LONG = 6000,
    TICK = 25, SETTLED = 4, ARMED = 12, WARM = 80, RATIO_MIN = 64,
    ENERGY_CAP = 0x3FFFFFF, POWER_CAP = 0x1FFFFFF, NEVER = 0x3FFFFFFF,
};
static const int FLOOR_LOWEST[2] = { 256, 800 };
static const int FLOOR_HIGHEST[2] = { 0xFFFFFF, 0x3FFFFFF };

void reset_activity(struct activity *a)
{
    memset(a, 0, sizeof *a);
    a->ratio = RATIO_MIN;
    a->floor[0] = FLOOR_HIGHEST[0];
    a->floor[1] = FLOOR_HIGHEST[1];
    a->on_level = NEVER;
}

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
    if (a->open && a->age < LONG)
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
static int judge(struct activity *a)
{
    if (!a->open) {
        a->run = a->energy > a->on_level ? a->run + 1 : 0;
        if (a->run == SUSTAIN) {
            a->open = 1;
            a->age = SUSTAIN;
            a->run = 0;
        }
        return 0;
    }
    a->age++;
    a->run = a->energy < a->off_level ? a->run + 1 : 0;
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

int sense(const int16_t *x, int n, int position, int16_t *ring, uint16_t *envelope,
          struct activity *state)
{
    struct activity a = *state;
    int i = 0;

    a.event = 0;
    while (i < n && !a.event) {
        int v = x[i++], k = position++ & 2047;
        int acc = BAND_B * (v - a.x2) - BAND_A1 * a.y1 - BAND_A2 * a.y2 + a.error;
        int y = acc >> 13;
        int psi;

        y = y > 32767 ? 32767 : y < -32767 ? -32767 : y;
        psi = abs(a.y1 * a.y1 - a.y2 * y);
        ring[k] = v;
        a.x2 = a.x1;
        a.x1 = v;
        a.error = acc & 0x1FFF;
        a.y2 = a.y1;
        a.y1 = y;
        a.smooth += (((psi > ENERGY_CAP ? ENERGY_CAP : psi) << 3) - a.smooth) >> 3;
        a.energy += (a.smooth - a.energy) >> 3;
        a.envelope_1 += ((abs(v) << 8) - a.envelope_1) >> 4;
        a.envelope_2 += (a.envelope_1 - a.envelope_2) >> 4;
        envelope[k] = a.envelope_2 >> 8;
        a.tick_power += v * v > POWER_CAP ? POWER_CAP : v * v;
        if (++a.tick_phase == TICK) {
            a.tick_phase = 0;
            tick(&a);
            a.tick_power = 0;
        }
        a.event = judge(&a);
    }
    *state = a;
    return i;
}
