/* replay_calls FOLDER MIN_MS: prints "kernel calls ns" for each kernel below with recorded calls in
 * FOLDER (record_calls.py): all of them one after the other, the best of several passes, each on
 * the buffers as they were. Stops with exit 1 at the first that leaves something else than viper. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "kernels.h"

enum { MOST_ARGUMENTS = 12, INTEGER = 0, BUFFER = 1 };

struct argument {
    int64_t n; /* its value, or the size of its buffer */
    uint8_t *buffer, *before, *after;
};

struct call {
    struct argument a[MOST_ARGUMENTS];
    int arguments, returns;
    int64_t result;
};

/* Argument k as a pointer of what the kernel takes there, or as a number. */
#define P(k) ((void *)a[k].buffer)
#define N(k) ((int)a[k].n)
#define KERNEL(name, body) \
    static int64_t run_##name(const struct argument *a) { body; }
#define GIVES(name, call) KERNEL(name, return call)
#define LEAVES(name, call) KERNEL(name, call; return 0)

GIVES(decimate, decimate(P(2), P(3), P(4), P(5), N(6), N(7)))
LEAVES(condition, condition(P(2), N(3), N(4), P(5), P(6), P(7)))
GIVES(sense, sense(P(2), N(3), N(4), P(5), P(6), P(7)))
GIVES(muldiv, muldiv(N(0), N(1), N(2)))
GIVES(mean_power_q4, mean_power_q4(P(0), N(1), N(2), N(3), N(4), N(5)))
GIVES(fill_bins, fill_bins(P(0), N(1), N(2), N(3), N(4), N(5), P(6)))
GIVES(mean_q4, mean_q4(P(0), N(1), N(2)))
GIVES(most_likely_step, most_likely_step(P(0), N(1), N(2), N(3), N(4)))
GIVES(onset_fifths, onset_fifths(P(0), N(1), N(2), N(3), N(4), N(5)))
LEAVES(add_samples, add_samples(P(0), N(1), N(2), N(3), P(4)))
LEAVES(condense, condense(P(2), N(3), N(4), N(5), P(6), N(7), P(8), N(9)))
LEAVES(project, project(P(0), N(1), N(2), N(3), N(4), P(5), P(6)))
GIVES(shake, shake(P(0), N(1), N(2), N(3), N(4), P(5), P(6), N(7)))
GIVES(health, health(P(0), N(1), N(2), N(3), N(4), P(5)))
LEAVES(stride_sums, stride_sums(P(0), N(1), N(2), N(3), P(4), N(5), P(6)))
LEAVES(smooth_33_ms, smooth_33_ms(P(0), N(2), P(3)))
GIVES(good_words, good_words(P(0), N(1)))
GIVES(assemble, assemble(P(2), N(3), P(4), P(5), P(6), N(7), N(8)))
GIVES(copy_in, copy_in(N(0), N(1), N(2), N(3), P(4), P(5), N(6), N(7)))
LEAVES(load, load(P(0), N(1), N(2), P(3), P(4), P(5)))
LEAVES(first_pass, first_pass(P(0)))
LEAVES(radix4_pass, radix4_pass(P(0), N(1), P(2)))
LEAVES(last_pass, last_pass(P(0), P(2)))
GIVES(split, split(P(0), P(2), P(3)))

static const struct {
    const char *name;
    int64_t (*run)(const struct argument *);
} kernels[] = {
    { "decimate.decimate", run_decimate },
    { "filters.condition", run_condition },
    { "activity.sense", run_sense },
    { "fixmath.muldiv", run_muldiv },
    { "change_point.mean_power_q4", run_mean_power_q4 },
    { "change_point.fill_bins", run_fill_bins },
    { "change_point.mean_q4", run_mean_q4 },
    { "change_point.most_likely_step", run_most_likely_step },
    { "change_point.onset_fifths", run_onset_fifths },
    { "burst_sums.add_samples", run_add_samples },
    { "motion.condense", run_condense },
    { "motion.shake", run_shake },
    { "motion.health", run_health },
    { "motion.stride_sums", run_stride_sums },
    { "windows.project", run_project },
    { "windows.smooth_33_ms", run_smooth_33_ms },
    { "chips.lsm6dso32.good_words", run_good_words },
    { "unit.fifo_words.assemble", run_assemble },
    { "ring._copy_in", run_copy_in },
    { "fft.load", run_load },
    { "fft_passes.first_pass", run_first_pass },
    { "fft_passes.radix4_pass", run_radix4_pass },
    { "fft_passes.last_pass", run_last_pass },
    { "fft.split", run_split },
};

static void *given(size_t bytes)
{
    void *memory = malloc(bytes + 1);

    if (!memory) {
        fprintf(stderr, "no memory\n");
        exit(2);
    }
    return memory;
}

static void take(FILE *file, void *to, size_t bytes)
{
    if (fread(to, 1, bytes, file) != bytes) {
        fprintf(stderr, "a recorded call ends too soon\n");
        exit(2);
    }
}

/* One call in the layout of target/micropython/calls_file.py; 0 at the end of the file. */
static int read_call(FILE *file, struct call *call)
{
    uint8_t n, kind, first, name[256];
    uint32_t size;

    if (fread(&n, 1, 1, file) != 1)
        return 0;
    take(file, name, n);
    take(file, &n, 1);
    if (n > MOST_ARGUMENTS) {
        fprintf(stderr, "a call of %d arguments\n", n);
        exit(2);
    }
    memset(call, 0, sizeof *call);
    call->arguments = n;
    for (struct argument *a = call->a; a < call->a + n; a++) {
        take(file, &kind, 1);
        if (kind == INTEGER) {
            take(file, &a->n, sizeof a->n);
        } else if (kind == BUFFER) {
            take(file, &size, sizeof size);
            a->n = size;
            a->buffer = given(size);
            a->before = given(size);
            a->after = given(size);
            take(file, a->before, size);
            take(file, a->after, size);
        } else {
            take(file, &first, 1);
            *a = call->a[first];
        }
    }
    take(file, &kind, 1);
    call->returns = kind;
    take(file, &call->result, sizeof call->result);
    return 1;
}

static void restore(struct call *calls, int n)
{
    for (struct call *call = calls; call < calls + n; call++)
        for (int k = 0; k < call->arguments; k++)
            if (call->a[k].buffer)
                memcpy(call->a[k].buffer, call->a[k].before, call->a[k].n);
}

static void compare(const char *name, const struct call *call, int number, int64_t result)
{
    int differs = call->returns && result != call->result;

    for (int k = 0; k < call->arguments; k++)
        if (call->a[k].buffer && memcmp(call->a[k].buffer, call->a[k].after, call->a[k].n))
            differs = k + 2;
    if (differs) {
        fprintf(stderr, "%s in C differs from viper in call %d, %s %d\n", name, number + 1,
                differs == 1 ? "result" : "argument", differs - 1);
        exit(1);
    }
}

static double now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return 1e9 * t.tv_sec + t.tv_nsec;
}

static void replay(FILE *file, int kernel, double min_ns)
{
    int n = 0, room = 0, passes;
    struct call *calls = NULL;
    double best = 0, total = 0;

    do {
        if (n == room) {
            room = room ? 2 * room : 64;
            calls = realloc(calls, room * sizeof *calls);
        }
    } while (read_call(file, &calls[n]) && ++n);
    restore(calls, n);
    for (int i = 0; i < n; i++)
        compare(kernels[kernel].name, &calls[i], i, kernels[kernel].run(calls[i].a));
    for (passes = 0; passes < 3 || total < min_ns; passes++) {
        double ns;
        restore(calls, n);
        ns = now_ns();
        for (int i = 0; i < n; i++)
            kernels[kernel].run(calls[i].a);
        ns = now_ns() - ns;
        total += ns;
        if (passes == 0 || ns < best)
            best = ns;
    }
    printf("%s %d %.0f\n", kernels[kernel].name, n, best);
}

int main(int argc, char **argv)
{
    if (argc != 3)
        return 2;
    for (size_t k = 0; k < sizeof kernels / sizeof *kernels; k++) {
        char path[1024];
        FILE *file;

        snprintf(path, sizeof path, "%s/%s", argv[1], kernels[k].name);
        file = fopen(path, "rb");
        if (file) {
            replay(file, k, 1e6 * atof(argv[2]));
            fclose(file);
        }
    }
    return 0;
}
