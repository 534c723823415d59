/* time_kernels FOLDER MIN_MS: prints "name ns crc" per kernel, as time_kernels.py does. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "kernels.h"

enum { SAMPLES = 16384, EMG_BLOCK = 32, IMU_BLOCK = 32, STRIDE = 128, STEPS = 512, NOTCH_LIMIT = 64, DECIMATED = 2048 };
enum { EVENTS = 128, POINTS = 256, BINS = 129, WINDOWS = SAMPLES / POINTS };

static const char *folder;
static double min_ns;

static int16_t both[2 * SAMPLES], emg[SAMPLES], imu[6 * SAMPLES];
static int32_t axis[3];
static uint16_t out[SAMPLES], sine[125];
static struct conditioner conditioner;
static struct {
    int16_t x[SAMPLES];
    uint32_t counts[3], fold[FOLD];
} conditioned;
static struct decimator decimator;
static int32_t words[2 * 8 * DECIMATED];
static int16_t decimated[2 * DECIMATED];
static struct {
    uint16_t magnitudes[SAMPLES];
    int16_t steps[6 * STEPS];
} condensed;
static struct activity activity;
static int16_t ring[2048];
static struct {
    uint16_t envelope[2048];
    uint32_t events[EVENTS]; /* position * 8 + kind, from entry 1 on; entry 0 counts them */
} sensed;
static int16_t cosine[320];
static uint8_t order[POINTS / 2];
static uint32_t power[WINDOWS][BINS];

static void read_file(const char *name, void *to, size_t bytes)
{
    char path[1024];
    FILE *file;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    file = fopen(path, "rb");
    if (!file || fread(to, 1, bytes, file) != bytes) {
        fprintf(stderr, "%s: cannot read %zu bytes\n", path, bytes);
        exit(1);
    }
    fclose(file);
}

static uint32_t crc32(const void *data, size_t bytes)
{
    const uint8_t *p = data;
    uint32_t crc = ~0u;

    while (bytes--) {
        crc ^= *p++;
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320u : 0);
    }
    return ~crc;
}

static double now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return 1e9 * t.tv_sec + t.tv_nsec;
}

static void report(const char *name, void (*run)(void), int items, const void *result, size_t bytes)
{
    double best = 0, total = 0;
    uint32_t crc;

    run();
    crc = crc32(result, bytes);
    for (int passes = 0; passes < 3 || total < min_ns; passes++) {
        double ns = now_ns();
        run();
        ns = now_ns() - ns;
        total += ns;
        if (passes == 0 || ns < best)
            best = ns;
    }
    printf("%s %.3f %u\n", name, best / items, crc);
}

static void run_decimate(void)
{
    for (int i = 0; i < DECIMATED; i += EMG_BLOCK)
        decimate(&decimator, words + 16 * i, 8 * EMG_BLOCK, decimated + 2 * i);
}

static void run_condition(void)
{
    for (int i = 0; i < SAMPLES; i += EMG_BLOCK)
        condition(both + 2 * i, EMG_BLOCK, conditioned.x + i, sine, &conditioner);
    conditioned.counts[0] = conditioner.clipped;
    conditioned.counts[1] = conditioner.lowest;
    conditioned.counts[2] = conditioner.highest;
    memcpy(conditioned.fold, conditioner.fold, sizeof conditioned.fold);
}

static void run_sense(void)
{
    uint32_t *count = sensed.events;
    int at = 0;

    *count = 0;
    while (at < SAMPLES) {
        int left = EMG_BLOCK - at % EMG_BLOCK;
        at += sense(emg + at, left, at, ring, sensed.envelope, &activity);
        if (activity.event && *count < EVENTS - 1)
            sensed.events[++*count] = at * 8 + activity.event;
    }
}

static void run_condense(void)
{
    for (int i = 0; i < SAMPLES; i += IMU_BLOCK)
        condense(imu + 6 * i, IMU_BLOCK / 4, condensed.magnitudes + i,
                 condensed.steps + i / 4 % STEPS * 6);
}

static void run_project(void)
{
    for (int i = 0; i < SAMPLES; i += STRIDE)
        project(imu + 6 * i, STRIDE, 3, axis, out + i);
}

static void run_spectrum(void)
{
    for (int i = 0; i < WINDOWS; i++)
        power_spectrum(emg + i * POINTS, cosine, order, power[i]);
}

int main(int argc, char **argv)
{
    if (argc != 3)
        return 2;
    folder = argv[1];
    min_ns = 1e6 * atof(argv[2]);
    read_file("emg.i16", both, sizeof both);
    for (int i = 0; i < SAMPLES; i++)
        emg[i] = both[2 * i];
    read_file("imu.i16", imu, sizeof imu);
    read_file("sine.u16", sine, sizeof sine);
    read_file("axis.i32", axis, sizeof axis);
    read_file("cosine.u16", cosine, sizeof cosine);
    bit_reversal(order);

    read_file("words.i32", words, sizeof words);
    reset_decimator(&decimator);
    report("decimate-8-to-1-kHz", run_decimate, 2 * DECIMATED, decimated, sizeof decimated);
    reset_conditioner(&conditioner, 5, NOTCH_LIMIT);
    report("condition", run_condition, SAMPLES, &conditioned, sizeof conditioned);
    reset_activity(&activity);
    report("burst-sense", run_sense, SAMPLES, &sensed, sizeof sensed);
    report("condense", run_condense, SAMPLES, &condensed, sizeof condensed);
    report("projection", run_project, SAMPLES, out, sizeof out);
    report("power-spectrum-256", run_spectrum, WINDOWS, power, sizeof power);
    return 0;
}
