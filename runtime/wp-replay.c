/* wp-replay.c - sends a trace to a running server at the times that the trace gives. */
#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "runtime/replay/wp-client-record.h"
#include "runtime/replay/wp-hdr.h"
#include "runtime/replay/wp-probe.h"
#include "runtime/replay/wp-replay-compare.h"
#include "runtime/replay/wp-replay-options.h"
#include "runtime/replay/wp-replay-report.h"
#include "runtime/replay/wp-sender-threads.h"
#include "runtime/secure/wp-tokens.h"
#include "sim/base/wp-error.h"
#include "sim/base/wp-interrupt.h"
#include "sim/base/wp-options.h"
#include "sim/base/wp-process.h"
#include "sim/base/wp-text.h"

#define STATUS_NO 1 /* the run is not valid */

static gboolean
write_record (WpClientRecord *record, const WpReplayOptions *options, const char *url, const char *trace,
              const WpSenderThreads *senders, GError **error)
{
  char started[WP_TIME_BUFFER], number[G_ASCII_DTOSTR_BUF_SIZE];

  wp_client_record_note (record, "recorded-by", "wp-replay " WP_VERSION);
  wp_client_record_note (record, "trace", trace);
  wp_client_record_note (record, "url", url);
  wp_client_record_note (record, "scale", g_ascii_dtostr (number, sizeof number, options->trace.scale));
  wp_client_record_note (record, "service-scale",
                         g_ascii_dtostr (number, sizeof number, options->trace.service_scale));
  wp_client_record_note (record, "started",
                         wp_time_format_iso8601 (started, wp_sender_threads_started (senders)));
  if (wp_interrupt_signal ())
    wp_client_record_note (record, "interrupted", "yes");

  return wp_sender_threads_write (senders, record, error);
}

static FILE *
report_file (const WpReplayOptions *options)
{
  return options->output && g_str_equal (options->output, "-") ? stderr : stdout;
}

static gboolean
print_report (const WpReplayOptions *options, const WpReplayReport *report, GError **error)
{
  static void (*const print[]) (const WpReplayReport *self, FILE *out)
      = { [WP_REPLAY_TEXT] = wp_replay_report_print_text,
          [WP_REPLAY_JSON] = wp_replay_report_print_json,
          [WP_REPLAY_JSONL] = wp_replay_report_print_json_line };
  FILE *out = report_file (options);

  print[options->format](report, out);
  if (fflush (out) == 0 && !ferror (out))
    return TRUE;

  return wp_fail (error, WP_ERROR_IO, "cannot write the report: %s", g_strerror (errno));
}

/* Lines of JSON each second, or the line on the terminal, or neither: NULL. */
static WpReplayProgress *
show_progress (const WpReplayOptions *options, gsize n_requests)
{
  FILE *lines = options->format == WP_REPLAY_JSONL ? report_file (options) : NULL;

  return lines || isatty (STDERR_FILENO) ? wp_replay_progress_new (lines, options->n_threads, n_requests)
                                         : NULL;
}

static void
print_notes (const WpReplayOptions *options, const WpSchedule *schedule)
{
  const char *twice = options->trace_paths ? wp_options_find_repeated (options->trace_paths) : NULL;
  g_autoptr (GPtrArray) lines = g_ptr_array_new_with_free_func (g_free);

  if (twice)
    fprintf (stderr, "wp-replay: warning: %s is given twice: its requests are sent twice\n", twice);
  wp_schedule_append_notes (schedule, lines);
  for (guint i = 0; i < lines->len; i++)
    {
      g_autofree char *note = wp_text_escape (g_ptr_array_index (lines, i));

      fprintf (stderr, "wp-replay: note: %s\n", note);
    }
}

/* Of several failures the last is the caller's to print. */
static void
add_failure (GError **failure, GError *another)
{
  if (*failure)
    wp_options_fail (*failure);
  g_clear_error (failure);
  *failure = another;
}

/* The files first: they cannot be had again, and standard output may be a pipe that nobody reads any more.
 * One that fails does not keep back the others. */
static gboolean
write_result (WpClientRecord *record, WpAtomicFile *hdr, WpReplayProgress *progress,
              const WpReplayOptions *options, const char *trace, const WpSenderThreads *senders,
              const WpReplayReport *report, GError **error)
{
  GError *failure = NULL, *another = NULL;

  if (record && !write_record (record, options, report->url, trace, senders, &another))
    add_failure (&failure, g_steal_pointer (&another));
  if (hdr && !wp_hdr_write (hdr, report->tally, &another))
    add_failure (&failure, g_steal_pointer (&another));
  g_clear_pointer (&progress, wp_replay_progress_free);
  if (!print_report (options, report, &another))
    add_failure (&failure, g_steal_pointer (&another));
  if (failure)
    g_propagate_error (error, failure);
  return !failure;
}

static WpReplayReport
make_report (const WpReplayOptions *options, const WpSchedule *schedule, const WpTarget *target,
             const WpSenderThreads *senders)
{
  const WpTally *tally = wp_sender_threads_tally (senders);

  return (WpReplayReport){ .url = wp_target_url (target),
                           .tally = tally,
                           .n_requests = schedule ? wp_schedule_length (schedule) : wp_tally_n_sent (tally),
                           .n_clients = options->drawn.clients,
                           .think = options->drawn.think,
                           .max_lag_ns = options->max_lag_ns,
                           .expect = &options->expect,
                           .out_of_order = schedule ? wp_schedule_out_of_order (schedule) : 0,
                           .n_connections = wp_sender_threads_n_connections (senders),
                           .was_interrupted = wp_interrupt_signal () != 0 };
}

/* FALSE with @error: no run, or its result could not be written. *@good: it was valid. @schedule: NULL: a
 * closed loop. */
static gboolean
run (const WpReplayOptions *options, const WpSchedule *schedule, const WpTarget *target,
     const WpRequestTemplate *template, gboolean *good, GError **error)
{
  WpSenderThreadsOptions sending = { options->n_threads,
                                     schedule,
                                     &options->drawn,
                                     options->trace.limit_rows,
                                     options->trace.service_scale,
                                     options->output != NULL,
                                     options->sender };
  g_autoptr (WpSenderThreads) senders = wp_sender_threads_new (&sending, target, template, error);
  g_autoptr (WpClientRecord) record
      = senders && options->output ? wp_client_record_open (options->output, error) : NULL;
  g_autoptr (WpAtomicFile) hdr
      = senders && options->hdr_file ? wp_atomic_file_new (options->hdr_file, FALSE, error) : NULL;
  WpReplayProgress *progress;
  WpReplayReport report;
  int stop_fd;

  if (!senders || (options->output && !record) || (options->hdr_file && !hdr))
    return FALSE;
  stop_fd = wp_interrupt_catch_to_stop ();
  progress = show_progress (options, schedule ? wp_schedule_length (schedule) : 0);
  if (schedule)
    print_notes (options, schedule);
  if (!wp_sender_threads_run (senders, stop_fd, progress, error))
    {
      g_clear_pointer (&progress, wp_replay_progress_free);
      return FALSE;
    }
  report = make_report (options, schedule, target, senders);
  *good = wp_replay_report_is_valid (&report);
  return write_result (record, hdr, progress, options, schedule ? wp_schedule_name (schedule) : "clients",
                       senders, &report, error);
}

/* The common part of all requests. @files: the contents of the named files, kept for the template. */
static WpRequestTemplate *
load_template (const WpReplayOptions *options, const WpTarget *target, GPtrArray *files, GError **error)
{
  WpRequestOptions request = { .method = options->method };
  char *token = NULL, *body = NULL;

  if (options->token_file && !(token = wp_tokens_read_first (options->token_file, error)))
    return NULL;
  g_ptr_array_add (files, token);
  if (options->body_file && !g_file_get_contents (options->body_file, &body, &request.body_bytes, error))
    return NULL;
  g_ptr_array_add (files, body);
  request.token = token;
  request.body = body;
  request.headers = options->headers ? (GStrv) options->headers->pdata : NULL;

  return wp_request_template_new (target, &request);
}

/* NULL without @error: a closed loop. */
static WpSchedule *
load_schedule (const WpReplayOptions *options, GError **error)
{
  if (options->trace_paths)
    return wp_schedule_load (options->trace_paths, &options->trace, error);
  return options->drawn.clients == 0 ? wp_schedule_draw (&options->drawn, &options->trace, error) : NULL;
}

static gboolean
is_allowed (const WpReplayOptions *options, const WpSchedule *schedule, const WpRequestTemplate *template,
            GError **error)
{
  return !schedule || options->method
         || wp_method_list_allows (options->allowed_methods, schedule, template, error);
}

/* Reads all that is named, then looks for the server, then runs. */
static gboolean
prepare_and_run (const WpReplayOptions *options, gboolean *good, GError **error)
{
  g_autoptr (GPtrArray) files = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (WpTarget) target = wp_target_new (options->url, error);
  g_autoptr (WpRequestTemplate) template = target ? load_template (options, target, files, error) : NULL;
  g_autoptr (WpSchedule) schedule = template ? load_schedule (options, error) : NULL;

  return template && (schedule || options->drawn.clients > 0)
         && is_allowed (options, schedule, template, error)
         && wp_target_load_tls (target, options->ca_file, !options->is_insecure, error)
         && wp_target_resolve (target, options->wait_ns, error) && wp_probe (target, template, error)
         && run (options, schedule, target, template, good, error);
}

int
main (int argc, char **argv)
{
  g_auto (WpReplayOptions) options;
  g_autoptr (GError) error = NULL;
  gboolean good = FALSE;

  wp_process_begin ("wp-replay");
  wp_process_catch_messages (wp_interrupt_clean_up);
  signal (SIGPIPE, SIG_IGN); /* a write that fails says so */
  wp_replay_options_init (&options);
  if (argv[1] && g_str_equal (argv[1], "compare"))
    return wp_process_end (wp_replay_compare (argv, &error) ? 0 : wp_options_fail (error));
  if (!wp_replay_options_parse (&options, argv, &error) || !prepare_and_run (&options, &good, &error))
    return wp_process_end (wp_options_fail (error));

  if (wp_interrupt_signal ())
    wp_interrupt_terminate ();
  return wp_process_end (good ? 0 : STATUS_NO);
}
