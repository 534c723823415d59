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

static uint16_t both[2 * SAMPLES], emg[SAMPLES], imu[6 * SAMPLES];
static int32_t axis[3];
static uint16_t out[SAMPLES], sine[125];
static struct conditioner conditioner;
static struct {
    uint16_t x[SAMPLES];
    uint32_t counts[3], fold[FOLD];
} conditioned;
static uint16_t lines[2 * (7 + 7 + 512)];
static uint32_t between[2 * (25 + 128)];
static uint16_t words[4 * 8 * DECIMATED], decimated[2 * DECIMATED];
static struct {
    uint16_t magnitudes[SAMPLES];
    uint16_t steps[6 * STEPS];
} condensed;
static struct activity activity;
static uint16_t ring[2048];
static struct {
    uint16_t envelope[2048];
    uint32_t events[EVENTS]; /* position * 8 + kind, from entry 1 on; entry 0 counts them */
} sensed;
static int16_t cosine[320];
static uint16_t window[POINTS];
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

static void start_decimate(void)
{
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        lines[i] = 0x8000;
    for (size_t i = 0; i < sizeof between / sizeof *between; i++)
        between[i] = 0x20000;
}

static void run_decimate(void)
{
    static int waiting = 7;

    for (int i = 0; i < DECIMATED; i += EMG_BLOCK) {
        int n = 8 * EMG_BLOCK;
        waiting += n - 8 * decimate(words + 32 * i, lines, between, decimated + 2 * i, waiting, n);
    }
}

/* As reset_filter and reset_activity leave their states. */
static void start_emg(void)
{
    conditioner.cycles = 5;
    conditioner.limit = NOTCH_LIMIT;
    conditioner.lowest = 0xFFFF;
    conditioner.fresh = 1;
    conditioner.low_pass[0].low = 4096;
    conditioner.low_pass[1].low = 12288;
    conditioner.sine = conditioner.cosine = 0x10000000;
    activity.ratio = 64;
    activity.floor[0] = 0xFFFFFF;
    activity.floor[1] = 0x3FFFFFF;
    activity.on_level = 0x3FFFFFFF;
}

static void run_condition(void)
{
    for (int i = 0; i < SAMPLES; i += EMG_BLOCK)
        condition(both, 2 * i, EMG_BLOCK, conditioned.x + i, sine, &conditioner);
    conditioned.counts[0] = conditioner.clipped;
    conditioned.counts[1] = conditioner.lowest;
    conditioned.counts[2] = conditioner.highest;
    memcpy(conditioned.fold, conditioner.fold, sizeof conditioned.fold);
}

static void run_sense(void)
{
    uint32_t *count = sensed.events;

    *count = 0;
    for (int at = 0; at < SAMPLES; at += EMG_BLOCK) {
        int done = 0;
        while (done < EMG_BLOCK) {
            int event;
            done = sense(emg + at, done, EMG_BLOCK, ring, sensed.envelope, &activity);
            event = done >> 8;
            done &= 255;
            if (event && *count < EVENTS - 1)
                sensed.events[++*count] = (at + done) * 8 + event;
        }
    }
}

static void run_condense(void)
{
    for (int i = 0; i < SAMPLES; i += IMU_BLOCK)
        condense(imu, i, SAMPLES - 1, IMU_BLOCK / 4, condensed.magnitudes, SAMPLES - 1,
                 condensed.steps, i / 4);
}

static void run_project(void)
{
    for (int i = 0; i < SAMPLES; i += STRIDE)
        project(imu, i, SAMPLES - 1, STRIDE, 3, axis, out + i);
}

static void run_spectrum(void)
{
    int16_t work[POINTS + 2];

    for (int i = 0; i < WINDOWS; i++) {
        load(emg, i * POINTS, SAMPLES - 1, window, order, work);
        first_pass(work);
        radix4_pass(work, 4, cosine);
        radix4_pass(work, 16, cosine);
        last_pass(work, cosine);
        split(work, cosine, power[i]);
    }
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
    for (int i = 0; i < POINTS; i++)
        window[i] = 16384 - cosine[i];
    for (int i = 0; i < POINTS / 2; i++)
        for (int bit = 0; bit < 7; bit++)
            order[i] |= (i >> bit & 1) << (6 - bit);

    read_file("words.i32", words, sizeof words);
    start_decimate();
    report("decimate-8-to-1-kHz", run_decimate, 2 * DECIMATED, decimated, sizeof decimated);
    start_emg();
    report("condition", run_condition, SAMPLES, &conditioned, sizeof conditioned);
    report("burst-sense", run_sense, SAMPLES, &sensed, sizeof sensed);
    report("condense", run_condense, SAMPLES, &condensed, sizeof condensed);
    report("projection", run_project, SAMPLES, out, sizeof out);
    report("power-spectrum-256", run_spectrum, WINDOWS, power, sizeof power);
    return 0;
}
