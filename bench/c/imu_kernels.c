#include <stdlib.h>
#include <string.h>

#include "kernels.h"

enum { STEP_MASK = 511 };

/* A guess within 12 % and two Newton steps. */
static int length(int x, int y, int z)
{
    int square = x * x + y * y + z * z + 1;
    int a = abs(x), b = abs(y), c = abs(z);
    int largest = a > b ? (a > c ? a : c) : (b > c ? b : c);
    int root = largest + ((a + b + c - largest) >> 1);

    root = root - (root >> 3) + 1;
    root = (root + square / root) >> 1;
    root = (root + square / root) >> 1;
    return root;
}

void condense(const uint16_t *raw, int start, int mask, int steps, uint16_t *magnitudes, int m_mask,
              uint16_t *out, int step)
{
    for (; steps > 0; steps--, step++, start += 4) {
        const int16_t *x = (const int16_t *)raw + 6 * (start & mask);
        uint16_t *m = magnitudes + (start & m_mask), *o = out + 6 * (step & STEP_MASK);
        int sums[6] = { 2, 2, 2, 2, 2, 2 };

        for (int k = 0; k < 4; k++, x += 6) {
            for (int axis = 0; axis < 6; axis++)
                sums[axis] += x[axis];
            *m++ = length(x[0] >> 2, x[1] >> 2, x[2] >> 2);
        }
        for (int axis = 0; axis < 6; axis++)
            o[axis] = sums[axis] >> 2;
    }
}

void project(const uint16_t *steps, int step, int mask, int n, int first, const int32_t *axis,
             uint16_t *out)
{
    int ax = axis[0], ay = axis[1], az = axis[2];

    for (int i = 0; i < n; i++, step++) {
        const int16_t *v = (const int16_t *)steps + 6 * (step & mask) + first;
        int along = ((v[0] * ax >> 2) + (v[1] * ay >> 2) + (v[2] * az >> 2) + 2048) >> 12;
        out[i] = (along > 32767 ? 32767 : along < -32768 ? -32768 : along) + 32768;
    }
}

int shake(const uint16_t *steps, int step, int mask, int n, int first, uint16_t *change,
          uint16_t *out, int total)
{
    enum { SPAN = 10 };

    for (; n > 0; n--, step++) {
        const int16_t *now = (const int16_t *)steps + 6 * (step & mask) + first;
        const int16_t *before = (const int16_t *)steps + 6 * ((step - 2) & mask) + first;
        int d = abs(now[0] - before[0]) + abs(now[1] - before[1]) + abs(now[2] - before[2]);

        d >>= 2;
        total += d - change[(step - SPAN) & mask];
        change[step & mask] = d;
        out[step & mask] = total > 65535 ? 65535 : total;
    }
    return total;
}

int health(const uint16_t *raw, int start, int mask, int frames, int least, uint32_t *rail)
{
    int top = (int)rail[0] < least ? least : (int)rail[0], count = rail[1], still = 3;
    const int16_t *last = (const int16_t *)raw + 6 * ((start - 1) & mask);

    for (; frames > 0; frames--, start++) {
        const int16_t *x = (const int16_t *)raw + 6 * (start & mask);

        if (memcmp(x + 3, last + 3, 6))
            still &= 1;
        for (int i = 0; i < 3; i++) {
            int v = abs(x[i]);
            if (x[i] != last[i]) {
                still &= 2;
                continue;
            }
            if (v > top) {
                top = v;
                count = 0;
            }
            count += v == top;
        }
        last = x;
    }
    rail[0] = top;
    rail[1] = count;
    return still;
}

void stride_sums(const uint16_t *steps, int step, int mask, int n, const uint16_t *magnitudes,
                 int m_mask, int32_t *out)
{
    static const int pairs[6][2] = { { 0, 0 }, { 1, 1 }, { 2, 2 }, { 0, 1 }, { 0, 2 }, { 1, 2 } };
    int means[4] = { 0 }, moments[6] = { 0 }, bias = n << 19;

    for (int i = 0; i < n; i++, step++) {
        const int16_t *x = (const int16_t *)steps + 6 * (step & mask);
        int turn[3] = { x[3] >> 4, x[4] >> 4, x[5] >> 4 };

        for (int k = 0; k < 3; k++)
            means[k] += x[k] + 0x8000;
        means[3] += magnitudes[step << 2 & m_mask];
        for (int k = 0; k < 6; k++)
            moments[k] += turn[pairs[k][0]] * turn[pairs[k][1]] >> 3;
    }
    for (int k = 0; k < 3; k++)
        out[k] = means[k] / n - 0x8000;
    out[3] = means[3] / n;
    for (int k = 0; k < 6; k++)
        out[4 + k] = ((moments[k] + bias) / n - 0x80000) * 8;
}

static int held(int k, int n)
{
    return k < 0 ? 0 : k < n ? k : n - 1;
}

void smooth_33_ms(const uint16_t *x, int n, uint16_t *out)
{
    static const int weights[] = { 600, 2048, 3496, 4096, 3496, 2048, 600 };

    for (int k = 0; k < n; k++) {
        int v = 8192;
        if (k >= 3 && k + 3 < n)
            v += 600 * (x[k - 3] + x[k + 3]) + 2048 * (x[k - 2] + x[k + 2])
                + 3496 * (x[k - 1] + x[k + 1]) + 4096 * x[k];
        else
            for (int i = 0; i < 7; i++)
                v += weights[i] * x[held(k + i - 3, n)];
        out[k] = v >> 14;
    }
}

enum { RATE = 1, ACCELERATION = 2, TIMESTAMP = 4, WORD = 7 };

int good_words(const uint8_t *word, int words)
{
    int i = 0;

    for (; i < words; i++, word += WORD) {
        int sensor = *word >> 3, odd = *word ^ *word >> 1 ^ *word >> 2;
        if ((sensor != RATE && sensor != ACCELERATION && sensor != TIMESTAMP) || !(odd & 1))
            break;
    }
    return i;
}

struct slots {
    int32_t at, tag, parts, slot, next, lost, time_low, time_high;
};

/* Even parity: a sensor's number has one bit set. */
static inline int tag_of(int sensor, int number)
{
    return sensor << 3 | number << 1 | !(number == 1 || number == 2);
}

int assemble(const uint8_t *raw, int end, int32_t *state, uint16_t *frame, uint16_t *out, int room,
             int whole)
{
    struct slots s = *(struct slots *)state;
    int made = 0, stamped = 0;

    s.lost = 0;
    while (s.at < end && made < room) {
        const uint8_t *word = raw + s.at, *next = word + WORD;
        int number = (s.tag + 1) & 3;

        /* Rate and acceleration of the next slot go straight into out. */
        if (whole == 3 && s.slot + 1 == s.next && s.at + 2 * WORD <= end
            && *word == tag_of(RATE, number) && *next == tag_of(ACCELERATION, number)) {
            memcpy(out + 6 * made, next + 1, 6);
            memcpy(out + 6 * made++ + 3, word + 1, 6);
            s.at += 2 * WORD;
            s.tag = number;
            s.slot = s.next++;
            s.parts = 3;
            continue;
        }
        int sensor = *word >> 3, part = sensor == RATE ? 2 : 1;
        int step = ((*word >> 1) - s.tag) & 3;

        if (step == 0 && sensor != TIMESTAMP && s.parts & part)
            step = 4;
        if (step) {
            s.tag = *word >> 1 & 3;
            s.slot += step;
            s.parts = 0;
        }
        if (sensor == TIMESTAMP) {
            s.time_low = word[1] | word[2] << 8;
            s.time_high = (word[3] | word[4] << 8) & 0x3FFF;
            s.at += WORD;
            stamped = 1;
            break;
        }
        if (sensor <= ACCELERATION && s.parts != whole) {
            memcpy(frame + 3 * (part - 1), word + 1, 6);
            if ((s.parts | part) == whole) {
                if (s.slot > s.next) {
                    if (made)
                        break;
                    s.lost = s.slot - s.next;
                }
                if (s.slot >= s.next) {
                    s.next = s.slot + 1;
                    memcpy(out + 6 * made++, frame, 12);
                }
            }
            s.parts |= part;
        }
        s.at += WORD;
    }
    *(struct slots *)state = s;
    return made << 1 | stamped;
}

int copy_in(int head, int offset, int frames, int tail, uint32_t *ring, const uint16_t *source,
            int mask, int words)
{
    int room = mask + 1 - head + tail, first;

    if (frames > room)
        frames = room;
    head &= mask;
    first = frames < mask + 1 - head ? frames : mask + 1 - head;
    memcpy(ring + head * words, source + offset, 4u * first * words);
    memcpy(ring, source + offset + 2 * first * words, 4u * (frames - first) * words);
    return frames;
}
