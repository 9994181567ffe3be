/* fuzz-config.c - any bytes as wp-server's configuration, as a command line of each program, and as each kind
 * of word that has a grammar of its own; the first byte says which. Nothing is started, and no file is read
 * but the configuration, which lies in memory (memfd). */
#include <locale.h>
#include <math.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "runtime/replay/wp-replay-options.h"
#include "runtime/replay/wp-target.h"
#include "runtime/server/wp-server-options.h"
#include "sim/base/wp-options.h"
#include "sim/model/wp-arrivals.h"
#include "sim/model/wp-service-time.h"
#include "sim/plan/wp-slo.h"
#include "sim/plan/wp-sweep-spec.h"
#include "sim/trace/wp-mapping.h"
#include "sim/wp-sim-options.h"

#define FILE_LIMIT   1024
#define MEMORY_BYTES (G_GUINT64_CONSTANT (1) << 32)
#define DRAWS        100

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

static int config_fd = -1;
static char *config_path;

/* An error is one line, as readable as its subject. */
static void
check_message (const GError *error, gboolean is_utf8)
{
  g_assert_true (error && *error->message != '\0' && !strchr (error->message, '\n'));
  g_assert_true (!is_utf8 || g_utf8_validate (error->message, -1, NULL));
}

static void
check_bounds (const WpServerOptions *options)
{
  const WpConnectionLimits *limits = &options->limits;

  g_assert_true (options->policy.workers > 0 && options->max_jobs > 0 && options->threads > 0
                 && options->max_connections > 0);
  g_assert_true (limits->header_timeout_ns > 0 && limits->header_timeout_ns <= WP_DURATION_MAX);
  g_assert_true (limits->body_timeout_ns > 0 && limits->body_timeout_ns <= WP_DURATION_MAX);
  g_assert_true (limits->idle_timeout_ns > 0 && limits->idle_timeout_ns <= WP_DURATION_MAX);
  g_assert_true (options->drain_timeout_ns >= 0 && options->retry.delay_ns >= 0
                 && options->commit_pace_ns >= 0);
  g_assert_true (*options->listen && *options->database && (!options->requeue || options->journal)
                 && !options->certificate == !options->key);
}

/* All that it comes to, as text; NULL with an error. */
static char *
read_server (char **args, GError **error)
{
  WpServerOptions it;
  char *text = NULL;

  if (wp_server_options_read (&it, FILE_LIMIT, args, error))
    {
      g_autofree char *timeout = wp_policy_get (&it.policy, "block-timeout");

      wp_server_options_set_memory_defaults (&it, MEMORY_BYTES);
      check_bounds (&it);
      text = g_strdup_printf ("%d %u %u %d %d %s %u|%s|%s|%s|%s|%s|%s|%s|%s|%" G_GINT64_FORMAT
                              " %" G_GUINT64_FORMAT " %d %u %" G_GINT64_FORMAT
                              " %d %u %u %u %" G_GINT64_FORMAT " %" G_GINT64_FORMAT " %" G_GINT64_FORMAT
                              " %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT " %" G_GINT64_FORMAT
                              " %d %d %" G_GINT64_FORMAT " %o %d|%s",
                              it.policy.mode, it.policy.queue_jobs, it.policy.workers, it.policy.dispatcher,
                              it.policy.when_full, timeout, it.policy.given, it.listen, it.admin, it.database,
                              it.record, it.journal, it.certificate, it.key, it.token_file, it.commit_pace_ns,
                              it.max_journal_bytes, it.requeue, it.retry.max, it.retry.delay_ns,
                              it.policy.ack, it.max_jobs, it.threads, it.max_connections,
                              it.limits.header_timeout_ns, it.limits.body_timeout_ns,
                              it.limits.idle_timeout_ns, (guint64) it.limits.max_body_bytes,
                              it.max_pending_bytes, it.drain_timeout_ns, it.by_soup, it.policy.keep_abandoned,
                              it.retry_for_ns, it.socket_access.mode, it.socket_access.has_group, it.probe);
    }
  wp_server_options_clear (&it);

  return text;
}

static char *
read_config (const char *text, gsize len, GError **error)
{
  char *args[] = { (char *) "wp-server", config_path, NULL };

  g_assert_cmpint (ftruncate (config_fd, 0), ==, 0);
  g_assert_cmpint (pwrite (config_fd, text, len, 0), ==, len);
  return read_server (args, error);
}

static void
check_config (const char *text, gsize len)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *read = read_config (text, len, &error);

  if (!read)
    check_message (error, TRUE);
}

/* Those would print and exit, or read a file. */
static gboolean
is_harmless (const char *arg)
{
  return !g_str_has_prefix (arg, "--help") && !g_str_has_prefix (arg, "--version")
         && !g_str_has_prefix (arg, "--completion") && !g_str_has_prefix (arg, "--config")
         && !(arg[0] == '-' && arg[1] != '-' && strchr (arg, 'h'));
}

/* The lines of @text after the program's name; NULL: not to be tried. */
static char **
split_args (const char *program, const char *text)
{
  g_autofree char *all = g_strconcat (program, "\n", text, NULL);
  g_auto (GStrv) args = g_strsplit (all, "\n", 0);

  for (guint i = 1; args[i]; i++)
    if (!is_harmless (args[i]))
      return NULL;
  return g_steal_pointer (&args);
}

/* The name of an option without a value, such as --requeue, that @arg begins with, or NULL. */
static const char *
find_flag (const char *arg)
{
  static const char *const flags[] = { "--requeue", "--check-config", "--keep-abandoned" };

  for (guint i = 0; i < G_N_ELEMENTS (flags); i++)
    if (g_str_has_prefix (arg, flags[i]))
      return flags[i];
  return NULL;
}

/* The same as lines of a configuration; NULL: it has no such form. */
static char *
to_config (char **args)
{
  g_autoptr (GString) config = g_string_new (NULL);

  for (guint i = 1; args[i]; i++)
    {
      const char *value = strchr (args[i], '=');
      const char *flag = find_flag (args[i]);
      gboolean bare = flag && g_str_equal (args[i], flag);

      if (!bare && (!value || !g_str_has_prefix (args[i], "--") || flag))
        return NULL;
      if (!bare
          && (strcspn (args[i], " \t\r\v\f#") < strlen (args[i]) || !g_utf8_validate (args[i], -1, NULL)))
        return NULL;
      g_string_append_printf (config, "%s%s\n", args[i] + 2, bare ? " = true" : "");
    }

  return g_string_free (g_steal_pointer (&config), FALSE);
}

/* An option means the same in a configuration. */
static void
check_server (const char *text, gsize len)
{
  g_autoptr (GError) error = NULL, config_error = NULL;
  g_auto (GStrv) args = split_args ("wp-server", text);
  g_autofree char *read = args ? read_server (args, &error) : NULL, *config = args ? to_config (args) : NULL,
                  *again = NULL;

  if (!args)
    return;
  if (!read)
    check_message (error, g_utf8_validate (text, -1, NULL));
  if (!config)
    return;
  again = read_config (config, strlen (config), &config_error);
  g_assert_cmpstr (read, ==, again);
}

static void
check_sim (const char *text, gsize len)
{
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) args = split_args ("wp-sim", text);
  WpSimOptions options;

  if (!args)
    return;
  if (!wp_sim_options_parse (&options, args, &error))
    check_message (error, g_utf8_validate (text, -1, NULL));
  else
    g_assert_true (options.trace.scale > 0 && options.interval_ns > 0 && options.http_stage.threads > 0
                   && options.tolerance >= 0 && options.tolerance <= 1);
  wp_sim_options_clear (&options);
}

static void
check_replay (const char *text, gsize len)
{
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) args = split_args ("wp-replay", text);
  g_auto (WpReplayOptions) options = { .url = NULL };
  g_autoptr (WpTarget) target = NULL;

  if (!args)
    return;
  wp_replay_options_init (&options);
  if (!wp_replay_options_parse (&options, args, &error) || !(target = wp_target_new (options.url, &error)))
    check_message (error, g_utf8_validate (text, -1, NULL));
}

static void
check_slo (const char *text, gsize len)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (WpSlo) slo = wp_slo_parse (text, &error);

  if (!slo)
    check_message (error, g_utf8_validate (text, -1, NULL));
  else
    g_assert_true (slo->metric && !isnan (slo->bound));
}

static void
check_sweep (const char *text, gsize len)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (WpSweepSpec) spec = wp_sweep_spec_parse (text, &error);
  double n;

  if (!spec)
    {
      check_message (error, g_utf8_validate (text, -1, NULL));
      return;
    }
  n = (double) MAX (spec->workers->len, 1) * MAX (spec->queues->len, 1) * MAX (spec->scales->len, 1)
      * MAX (spec->services->len, 1);
  g_assert_cmpfloat (n, <=, WP_SWEEP_MAX);
  for (guint i = 0; i < spec->workers->len; i++)
    g_assert_cmpuint (g_array_index (spec->workers, guint, i), >,
                      i > 0 ? g_array_index (spec->workers, guint, i - 1) : 0);
  for (guint i = 0; i < spec->scales->len; i++)
    g_assert_cmpfloat (g_array_index (spec->scales, double, i), >,
                       i > 0 ? g_array_index (spec->scales, double, i - 1) : 0);
}

static void
check_columns (const char *text, gsize len)
{
  static const char *const names[] = { "arrival", "service", "id", "bytes", "Tokens", "a b", NULL };
  /* a field can be read beyond its end */
  static char texts[6][128] = { "1.5", "0.25", "r1", "", "1e300", "abc" };
  g_autoptr (GError) error = NULL;
  g_autoptr (WpMapping) mapping = wp_mapping_new (names, text, NULL, 0, FALSE, &error);
  WpRow row = { .id = NULL };
  WpField fields[6];

  for (guint i = 0; i < G_N_ELEMENTS (fields); i++)
    fields[i] = (WpField){ .text = texts[i], .len = strlen (texts[i]) };
  if (!mapping || !wp_mapping_read (mapping, fields, &row, &error))
    check_message (error, g_utf8_validate (text, -1, NULL));
}

static void
check_arrivals (const char *text, gsize len)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (WpArrivals) arrivals = wp_arrivals_new (text, 1, TRUE, &error);
  gint64 first[DRAWS], again[DRAWS];
  gsize n;

  if (!arrivals)
    {
      check_message (error, g_utf8_validate (text, -1, NULL));
      return;
    }
  n = wp_arrivals_next (arrivals, first, DRAWS);
  for (gsize i = 0; i < n; i++)
    g_assert_cmpint (first[i], >=, i > 0 ? first[i - 1] : 0);
  wp_arrivals_restart (arrivals);
  g_assert_cmpuint (wp_arrivals_next (arrivals, again, DRAWS), ==, n);
  g_assert_cmpmem (first, n * sizeof *first, again, n * sizeof *again);
  g_assert_true (wp_arrivals_rate (arrivals) > 0);
}

static void
check_service (const char *text, gsize len)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (WpServiceTime) service = NULL;
  g_autofree char *lower = g_ascii_strdown (text, -1);
  gint64 drawn[DRAWS];
  WpMoments moments;

  if (strstr (lower, "from:")) /* a file */
    return;
  if (!(service = wp_service_time_new (text, 1, TRUE, 1, &error)))
    {
      check_message (error, g_utf8_validate (text, -1, NULL));
      return;
    }
  wp_service_time_draw (service, drawn, DRAWS);
  for (guint i = 0; i < DRAWS; i++)
    g_assert_cmpint (drawn[i], >=, 0);
  wp_service_time_moments (service, &moments);
  g_assert_true (moments.mean_ns >= 0 && moments.cv2 >= 0);
}

/* A formatted time is parsed as the same time. */
static void
check_time (const char *text, gsize len)
{
  g_autoptr (GError) error = NULL;
  char buffer[WP_TIME_BUFFER];
  gint64 ns, again;

  if (!wp_time_parse_duration (text, &ns, &error))
    check_message (error, g_utf8_validate (text, -1, NULL));
  else
    g_assert_true (ns >= 0 && ns <= WP_DURATION_MAX && *wp_time_format_people (buffer, ns) != '\0');
  if (wp_time_parse_seconds (text, len, &ns))
    {
      wp_time_format_seconds (buffer, ns);
      g_assert_true (wp_time_parse_seconds (buffer, strlen (buffer), &again) && again == ns);
    }
  if (wp_time_parse_iso8601 (text, len, &ns))
    {
      wp_time_format_iso8601 (buffer, ns);
      g_assert_true (wp_time_parse_iso8601 (buffer, strlen (buffer), &again) && again == ns);
    }
}

static void
start (void)
{
  setlocale (LC_ALL, "C.UTF-8");
  config_fd = memfd_create ("wp.conf", MFD_CLOEXEC);
  g_assert_cmpint (config_fd, >=, 0);
  config_path = g_strdup_printf ("--config=/proc/self/fd/%d", config_fd);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  static void (*const checks[]) (const char *text, gsize len)
      = { check_config, check_server,  check_sim,      check_replay,  check_slo,
          check_sweep,  check_columns, check_arrivals, check_service, check_time };
  g_autofree char *text = NULL;
  guint kind;

  if (size == 0)
    return 0;
  if (config_fd < 0)
    start ();
  kind = (data[0] - '0') % G_N_ELEMENTS (checks);
  text = g_strndup ((const char *) data + 1, size - 1);
  if (kind == 0)
    check_config ((const char *) data + 1, size - 1);
  else if (kind > 3 && strchr (text, '\n')) /* a word that has lines makes a message of lines */
    return 0;
  else
    checks[kind](text, strlen (text));

  return 0;
}
