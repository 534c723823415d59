#include <stdlib.h>

#include "kernels.h"

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

void condense(const int16_t *frames, int steps, uint16_t *magnitudes, int16_t *out)
{
    for (; steps > 0; steps--, out += 6) {
        int sums[6] = { 2, 2, 2, 2, 2, 2 };
        for (int k = 0; k < 4; k++, frames += 6) {
            for (int axis = 0; axis < 6; axis++)
                sums[axis] += frames[axis];
            *magnitudes++ = length(frames[0] >> 2, frames[1] >> 2, frames[2] >> 2);
        }
        for (int axis = 0; axis < 6; axis++)
            out[axis] = sums[axis] >> 2;
    }
}

void project(const int16_t *frames, int n, int first, const int32_t axis[3], uint16_t *out)
{
    for (int i = 0; i < n; i++, frames += 6) {
        const int16_t *v = frames + first;
        int along = ((v[0] * axis[0] >> 2) + (v[1] * axis[1] >> 2) + (v[2] * axis[2] >> 2) + 2048)
            >> 12;
        if (along > 32767)
            along = 32767;
        else if (along < -32768)
            along = -32768;
        out[i] = along + 32768;
    }
}
