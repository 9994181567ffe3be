/* limit-sim.c - the upper limit for wp-sim: `limit-sim FILE [WORKERS]` reads a CSV of arrival,service, sends
 * it through a pool of 20 workers, and keeps similar figures (histograms of waiting, response, service and
 * queue depth over time, arrivals of each second). It checks nothing, knows one form of a number (seconds, a
 * point, nine digits), one mode and one size, and draws nothing. */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHUNK   (256 * 1024)
#define BITS    9
#define BUCKETS ((63 - BITS + 1) << BITS)
#define WAITING (1 << 20)
#define MOST    1024

typedef struct {
  uint64_t total, weights[BUCKETS];
  double sum;
  int64_t max;
} Histogram;

static Histogram waits, responses, services, depths;
static int64_t starts[WAITING], ends[MOST + 1]; /* of jobs in the queue; free times in order, and a sentinel
                                                 */
static uint64_t first_waiting, n_waiting, n_rows, second_arrivals, peak_arrivals;
static int64_t counted_ns, second, last_ns, n_workers = 20;

static inline void
add (Histogram *self, int64_t value, uint64_t weight)
{
  int shift = 63 - BITS - __builtin_clzll ((uint64_t) value | 1 << BITS);

  self->weights[(shift << BITS) + (value >> shift)] += weight;
  self->total += weight;
  self->sum += (double) value * (double) weight;
  self->max = value > self->max ? value : self->max;
}

static inline void
count_depth (int64_t now_ns)
{
  add (&depths, (int64_t) n_waiting, (uint64_t) (now_ns - counted_ns));
  counted_ns = now_ns;
}

static inline void
offer (int64_t arrival_ns, int64_t service_ns)
{
  int64_t start_ns = ends[0] > arrival_ns ? ends[0] : arrival_ns, end_ns = start_ns + service_ns;

  for (int64_t i = 0; i < n_workers; i++) /* the vector stays in order: no branch */
    {
      int64_t next = ends[i + 1] < end_ns ? ends[i + 1] : end_ns;

      ends[i] = ends[i] > next ? ends[i] : next;
    }
  while (n_waiting > 0 && starts[first_waiting % WAITING] <= arrival_ns)
    {
      count_depth (starts[first_waiting++ % WAITING]);
      n_waiting--;
    }
  if (start_ns > arrival_ns)
    {
      count_depth (arrival_ns);
      starts[(first_waiting + n_waiting++) % WAITING] = start_ns;
      add (&waits, start_ns - arrival_ns, 1);
    }
  add (&responses, end_ns - arrival_ns, 1);
  add (&services, service_ns, 1);
  if (arrival_ns / 1000000000 != second)
    second_arrivals = 0;
  second = arrival_ns / 1000000000;
  peak_arrivals = ++second_arrivals > peak_arrivals ? second_arrivals : peak_arrivals;
  last_ns = end_ns > last_ns ? end_ns : last_ns;
  n_rows++;
}

/* Of nine digits of fraction. */
static inline const char *
parse (const char *p, int64_t *ns)
{
  int64_t seconds = 0;
  uint64_t digits;

  while (*p != '.')
    seconds = seconds * 10 + (*p++ - '0');
  memcpy (&digits, ++p, 8);
  digits ^= 0x3030303030303030;
  digits = (digits * 10 + (digits >> 8)) & 0x00ff00ff00ff00ff;
  digits = (digits * 100 + (digits >> 16)) & 0x0000ffff0000ffff;
  digits = (digits * 10000 + (digits >> 32)) & 0xffffffff;
  *ns = seconds * 1000000000 + (int64_t) digits * 10 + (p[8] - '0');

  return p + 9;
}

static const char *
take_rows (const char *at, const char *end)
{
  for (;;)
    {
      const char *feed = memchr (at, '\n', (size_t) (end - at));
      int64_t arrival_ns, service_ns;

      if (feed == NULL)
        return at;
      if (*at >= '0' && *at <= '9')
        {
          parse (parse (at, &arrival_ns) + 1, &service_ns);
          offer (arrival_ns, service_ns);
        }
      at = feed + 1;
    }
}

static void
show (const char *name, const Histogram *self, uint64_t n_all)
{
  uint64_t seen = n_all - self->total, wanted = n_all - n_all / 100;
  int64_t p99 = 0;

  for (int64_t i = 0; i < BUCKETS && seen < wanted; i++)
    {
      int64_t octave = i >> BITS, shift = octave > 0 ? octave - 1 : 0;

      seen += self->weights[i];
      p99 = (i - (shift << BITS)) << shift;
    }
  printf ("%-9s mean %.4g, p99 %.4g, max %.4g\n", name, self->sum / (double) n_all, (double) p99,
          (double) self->max);
}

int
main (int argc, char **argv)
{
  static char buffer[2 * CHUNK + 64];
  int fd = argc > 1 ? open (argv[1], O_RDONLY) : -1;
  size_t held = 0;
  ssize_t n;

  if (argc > 2)
    n_workers = atoi (argv[2]);
  if (fd < 0 || n_workers < 1 || n_workers > MOST)
    return 2;
  ends[n_workers] = INT64_MAX;
  while ((n = read (fd, buffer + held, CHUNK)) > 0)
    {
      const char *end = buffer + held + n, *at = take_rows (buffer, end);

      held = (size_t) (end - at);
      memmove (buffer, at, held);
    }
  while (n_waiting > 0)
    {
      count_depth (starts[first_waiting++ % WAITING]);
      n_waiting--;
    }
  count_depth (last_ns);
  printf ("%llu rows, at most %llu in a second\n", (unsigned long long) n_rows,
          (unsigned long long) peak_arrivals);
  show ("wait", &waits, n_rows);
  show ("response", &responses, n_rows);
  show ("service", &services, n_rows);
  show ("depth", &depths, depths.total);

  return 0;
}
