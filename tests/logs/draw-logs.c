/* draw-logs.c - the same requests as the logs of several servers: data/logs, which
 * data/doc/from-log-to-sizes.md reads. `draw-logs FOLDER && gzip -9n FOLDER/...` makes them again. */
#include <stdio.h>

#include "sim/base/wp-time.h"
#include "tests/unit/drawn-log.h"

#define START_S G_GINT64_CONSTANT (1793606400) /* 2026-11-02 08:00 UTC */

static const DrawnSetup setup = { .kind = DRAWN_FIFO,
                                  .service = DRAWN_LOGNORMAL,
                                  .workers = 8,
                                  .load = 0.9,
                                  .mean_s = 0.06,
                                  .rows = 2500,
                                  .stamp_ns = WP_NS_PER_US,
                                  .seed = 8 };

/* A request; times since 1970. */
typedef struct {
  gint64 arrival_ns, end_ns;
  const char *path;
  guint bytes;
} Request;

static int
compare_ends (const void *a, const void *b)
{
  const Request *left = a, *right = b;

  return (left->end_ns > right->end_ns) - (left->end_ns < right->end_ns);
}

static Request *
draw (gsize *n)
{
  static const char *const paths[] = { "/api/orders", "/api/search?q=tea", "/api/cart", "/api/items/42" };
  g_autoptr (DrawnLog) log = drawn_log_new (&setup);
  Request *requests = g_new (Request, log->n);

  *n = log->n;
  for (gsize i = 0; i < log->n; i++)
    {
      gint64 arrival_ns = START_S * WP_NS_PER_S + log->arrivals_ns[i];

      requests[i] = (Request){ arrival_ns, arrival_ns + log->responses_ns[i], paths[i * i % 4],
                               (guint) (200 + i * 7919 % 4000) };
    }
  qsort (requests, *n, sizeof *requests, compare_ends); /* a log has a line once its request has ended */

  return requests;
}

/* @format: as strftime()'s, without fractions. */
static const char *
show (gint64 ns, const char *format, char *text, gsize size)
{
  g_autoptr (GDateTime) date = g_date_time_new_from_unix_utc (ns / WP_NS_PER_S);
  g_autofree char *shown = g_date_time_format (date, format);

  g_strlcpy (text, shown, size);

  return text;
}

static gint64
response_us (const Request *request)
{
  return (request->end_ns - request->arrival_ns) / WP_NS_PER_US;
}

static double
response_ms (const Request *request)
{
  return (double) (response_us (request) / 1000);
}

static guint
fraction_us (gint64 ns)
{
  return (guint) (ns % WP_NS_PER_S / WP_NS_PER_US);
}

static void
write_nginx (FILE *file, const Request *request)
{
  char stamp[64];

  fprintf (file, "10.0.0.7 - - [%s] \"GET %s HTTP/1.1\" 200 %u \"-\" \"curl/7.88.1\" %.3f\n",
           show (request->end_ns, "%d/%b/%Y:%H:%M:%S +0000", stamp, sizeof stamp), request->path,
           request->bytes, response_ms (request) / 1000);
}

static void
write_nginx_json (FILE *file, const Request *request)
{
  fprintf (file,
           "{\"msec\":\"%" G_GINT64_FORMAT ".%03u\",\"request_time\":\"%.3f\",\"status\":\"200\","
           "\"request\":\"GET %s HTTP/1.1\"}\n",
           request->end_ns / WP_NS_PER_S, fraction_us (request->end_ns) / 1000, response_ms (request) / 1000,
           request->path);
}

static void
write_apache (FILE *file, const Request *request)
{
  fprintf (file, "10.0.0.7 %" G_GINT64_FORMAT " %" G_GINT64_FORMAT " 200 %u \"GET %s HTTP/1.1\"\n",
           request->arrival_ns / WP_NS_PER_US, response_us (request), request->bytes, request->path);
}

static void
write_haproxy (FILE *file, const Request *request)
{
  char logged[64], accepted[64];

  fprintf (file,
           "%s lb haproxy[612]: 10.0.0.7:52110 [%s.%03u] http-in app/app1 0/0/0/%.0f/%.0f 200 %u - - ---- "
           "9/9/8/8/0 0/0 \"GET %s HTTP/1.1\"\n",
           show (request->end_ns, "%b %e %H:%M:%S", logged, sizeof logged),
           show (request->arrival_ns, "%d/%b/%Y:%H:%M:%S", accepted, sizeof accepted),
           fraction_us (request->arrival_ns) / 1000, response_ms (request), response_ms (request),
           request->bytes, request->path);
}

static void
write_alb (FILE *file, const Request *request)
{
  char ended[64], created[64];

  fprintf (file,
           "http %s.%06uZ app/shop/50dc6c495c0c9188 10.0.0.7:2817 10.0.1.1:80 0.000 %.3f 0.000 200 200 34 %u "
           "\"GET http://shop.example:80%s HTTP/1.1\" \"curl/7.88.1\" - - "
           "arn:aws:elasticloadbalancing:us-east-2:123456789012:targetgroup/shop/73e2d6bc24d8a067 "
           "\"Root=1-58337262-36d228ad5d99923122bbe354\" \"-\" \"-\" 0 %s.%06uZ \"forward\" \"-\" \"-\" "
           "\"10.0.1.1:80\" \"200\" \"-\" \"-\"\n",
           show (request->end_ns, "%Y-%m-%dT%H:%M:%S", ended, sizeof ended), fraction_us (request->end_ns),
           response_ms (request) / 1000, request->bytes, request->path,
           show (request->arrival_ns, "%Y-%m-%dT%H:%M:%S", created, sizeof created),
           fraction_us (request->arrival_ns));
}

static void
write_iis (FILE *file, const Request *request)
{
  char stamp[64];

  if (ftell (file) == 0)
    fputs ("#Software: Microsoft Internet Information Services 10.0\n#Version: 1.0\n"
           "#Date: 2026-11-02 08:00:00\n"
           "#Fields: date time cs-method cs-uri-stem s-port c-ip sc-status sc-bytes time-taken\n",
           file);
  fprintf (file, "%s GET %s 80 10.0.0.7 200 %u %.0f\n",
           show (request->end_ns, "%Y-%m-%d %H:%M:%S", stamp, sizeof stamp), request->path, request->bytes,
           response_ms (request));
}

static void
write_k6 (FILE *file, const Request *request)
{
  char stamp[64];

  show (request->end_ns, "%Y-%m-%dT%H:%M:%S", stamp, sizeof stamp);
  fprintf (
      file,
      "{\"metric\":\"http_reqs\",\"type\":\"Point\",\"data\":{\"time\":\"%s.%06uZ\",\"value\":1,"
      "\"tags\":{\"name\":\"%s\",\"status\":\"200\"}}}\n"
      "{\"metric\":\"http_req_duration\",\"type\":\"Point\",\"data\":{\"time\":\"%s.%06uZ\",\"value\":%.3f,"
      "\"tags\":{\"name\":\"%s\",\"status\":\"200\"}}}\n",
      stamp, fraction_us (request->end_ns), request->path, stamp, fraction_us (request->end_ns),
      (double) response_us (request) / 1000, request->path);
}

static const struct {
  const char *name;
  void (*write) (FILE *file, const Request *request);
} logs[] = { { "nginx.log", write_nginx },   { "nginx-json.log", write_nginx_json },
             { "apache.log", write_apache }, { "haproxy.log", write_haproxy },
             { "alb.log", write_alb },       { "iis.log", write_iis },
             { "k6.json", write_k6 } };

int
main (int argc, char **argv)
{
  gsize n;
  g_autofree Request *requests = draw (&n);

  for (gsize i = 0; argc == 2 && i < G_N_ELEMENTS (logs); i++)
    {
      g_autofree char *path = g_build_filename (argv[1], logs[i].name, NULL);
      FILE *file = fopen (path, "w");

      if (file == NULL)
        return 1;
      for (gsize k = 0; k < n; k++)
        logs[i].write (file, &requests[k]);
      if (fclose (file) != 0)
        return 1;
    }

  return argc == 2 ? 0 : 2;
}
