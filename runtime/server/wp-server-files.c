#include "runtime/server/wp-server-files.h"

#include <libintl.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#include "sim/base/wp-error.h"
#include "sim/base/wp-options.h"
#include "sim/base/wp-process.h"

#define FIRST_DELAY_NS (50 * WP_NS_PER_MS) /* between attempts to open the database; doubles to 1 s */

static gboolean
check_differs (const char *path, const char *other, const char *is, GError **error)
{
  g_autofree char *one = g_canonicalize_filename (path, NULL),
                  *two = other ? g_canonicalize_filename (other, NULL) : NULL;

  if (!two || (!g_str_equal (one, two) && !wp_options_same_file (one, two)))
    return TRUE;
  return wp_fail (error, WP_ERROR_USAGE, "%s %s", path, is);
}

/* Neither @file nor one that SQLite keeps beside it. */
static gboolean
check_not_sqlite (const char *path, const char *file, const char *what, GError **error)
{
  static const char *const beside[] = { "-wal", "-shm", "-journal" };
  g_autofree char *is = g_strconcat ("is the ", what, NULL),
                  *belongs = g_strconcat ("belongs to the ", what, NULL);

  if (!file)
    return TRUE;
  if (!check_differs (path, file, is, error))
    return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (beside); i++)
    {
      g_autofree char *name = g_strconcat (file, beside[i], NULL);

      if (!check_differs (path, name, belongs, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
check_not_database (const WpServerOptions *options, const char *path, GError **error)
{
  const char *database
      = g_str_has_prefix (options->database, "sqlite:") ? options->database + strlen ("sqlite:") : NULL;

  return check_not_sqlite (path, database, "database", error);
}

/* The record is overwritten, so it must not be a file that another option names. */
static gboolean
check_record (const WpServerOptions *options, GError **error)
{
  return check_not_database (options, options->record, error)
         && check_not_sqlite (options->record, options->journal, "journal", error)
         && check_differs (options->record, options->certificate, "is the certificate", error)
         && check_differs (options->record, options->key, "is the certificate's key", error)
         && check_differs (options->record, options->token_file, "is the file of tokens", error)
         && check_differs (options->record, options->admin_token_file, "is the file of admin tokens", error)
         && check_differs (options->record, options->config, "is the configuration", error);
}

static gboolean
check_journal (const WpServerOptions *options, GError **error)
{
  return check_not_database (options, options->journal, error)
         && check_differs (options->journal, options->record, "is the record", error);
}

int
wp_server_check_config (const WpServerOptions *options)
{
  g_autofree char *text = g_strdup_printf ("%s: ok\n", options->config ? options->config : "command line");
  g_autoptr (GError) error = NULL;

  if (options->record && !check_record (options, &error))
    g_prefix_error (&error, "--record: ");
  else if (options->journal && !check_journal (options, &error))
    g_prefix_error (&error, "--journal: ");
  if (error)
    return wp_options_fail (error);
  wp_process_print (text);

  return 0;
}

WpRecorder *
wp_server_open_recorder (const WpServerOptions *options, GError **error)
{
  g_autoptr (GPtrArray) notes = g_ptr_array_new_with_free_func (g_free);
  char now[WP_TIME_BUFFER];

  if (!check_record (options, error))
    return NULL;
  for (const WpOption *field = wp_policy_options; field->name; field++)
    {
      g_ptr_array_add (notes, g_strdup (field->name));
      g_ptr_array_add (notes, wp_policy_get (&options->policy, field->name));
    }
  g_ptr_array_add (notes, g_strdup ("database"));
  g_ptr_array_add (notes, g_strdup (options->database_name));
  g_ptr_array_add (notes, g_strdup ("threads"));
  g_ptr_array_add (notes, g_strdup_printf ("%u", options->threads));
  if (options->commit_pace_ns > 0)
    {
      g_ptr_array_add (notes, g_strdup ("commit-pace"));
      g_ptr_array_add (notes, g_strdup_printf ("%ss", wp_time_format_seconds (now, options->commit_pace_ns)));
    }
  g_ptr_array_add (notes, g_strdup ("version"));
  g_ptr_array_add (notes, g_strdup ("wp-server " WP_VERSION));
  g_ptr_array_add (notes, g_strdup ("started"));
  g_ptr_array_add (notes, g_strdup (wp_time_format_iso8601 (now, g_get_real_time () * WP_NS_PER_US)));
  g_ptr_array_add (notes, NULL);

  return wp_recorder_new (options->record, (const char *const *) notes->pdata,
                          options->source                            ? WP_RECORD_WORKER
                          : wp_database_is_queue (options->database) ? WP_RECORD_FRONT
                                                                     : WP_RECORD_SERVER,
                          error);
}

WpJournal *
wp_server_open_journal (const WpServerOptions *options, GError **error)
{
  if (!check_journal (options, error))
    return NULL;

  return wp_journal_open (options->journal, options->max_journal_bytes, error);
}

/* Signals are blocked at start, so one that comes meanwhile is taken here. */
static gboolean
is_stopped (gint64 for_ns)
{
  struct timespec time = { for_ns / WP_NS_PER_S, for_ns % WP_NS_PER_S };
  sigset_t signals;

  sigemptyset (&signals);
  sigaddset (&signals, SIGTERM);
  sigaddset (&signals, SIGINT);
  return sigtimedwait (&signals, NULL, &time) > 0;
}

/* Returns: TRUE after a time, if @error says that the database is down and may still come up. */
static gboolean
may_try_again (const WpServerOptions *options, gint64 until_ns, gint64 *delay_ns, GError **error)
{
  if (!g_error_matches (*error, WP_ERROR, WP_ERROR_DOWN) || wp_time_monotonic () >= until_ns)
    return FALSE;
  if (*delay_ns == 0)
    g_message ("waiting for the database: %s", (*error)->message);
  *delay_ns = CLAMP (2 * *delay_ns, FIRST_DELAY_NS, WP_NS_PER_S);
  if (!is_stopped (*delay_ns))
    {
      g_clear_error (error);
      return TRUE;
    }
  g_prefix_error (error, "a signal stopped the server while it waited: ");
  return FALSE;
}

WpDatabase *
wp_server_open_database (const WpServerOptions *options, WpClock *clock, GError **error)
{
  gint64 until_ns = wp_time_monotonic () + options->wait_for_database_ns, delay_ns = 0;
  GError *reason = NULL;
  WpDatabase *self;

  do
    self = wp_database_open (options->database, &options->database_options, clock, &reason);
  while (!self && may_try_again (options, until_ns, &delay_ns, &reason));
  if (!self)
    {
      g_propagate_error (error, reason);
      return NULL;
    }
  self->pace_ns = options->commit_pace_ns;
  self->retry_for_ns = options->retry_for_ns;

  return self;
}

WpSource *
wp_server_open_source (const WpServerOptions *options, GError **error)
{
  gint64 until_ns = wp_time_monotonic () + options->wait_for_database_ns, delay_ns = 0;
  GError *reason = NULL;
  WpSource *self;

  do
    self = wp_source_open (options->source, &options->database_options, &reason);
  while (!self && may_try_again (options, until_ns, &delay_ns, &reason));
  if (!self)
    g_propagate_error (error, reason);
  return self;
}

int
wp_server_init_database (const WpServerOptions *options)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *done = wp_database_init (options->database, &options->database_options, &error);

  if (done)
    {
      wp_process_print (done);
      return 0;
    }
  g_prefix_error (&error, "--init-database: ");
  return wp_options_fail (error);
}

int
wp_server_requeue (const WpServerOptions *options)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (WpJournalFile) file
      = wp_journal_file_open (options->journal, FALSE, options->max_journal_bytes, &error);
  gint64 n = file ? wp_journal_file_requeue (file, &error) : -1;
  g_autofree char *text = NULL;

  if (n < 0)
    {
      g_prefix_error (&error, "--journal: ");
      return wp_options_fail (error);
    }
  text = g_strdup_printf (ngettext ("requeued %" G_GINT64_FORMAT " failed job in %s\n",
                                    "requeued %" G_GINT64_FORMAT " failed jobs in %s\n", (gulong) n),
                          n, options->journal);
  wp_process_print (text);

  return 0;
}

static gboolean
open_tls (WpServerSecurity *self, const WpServerOptions *options, GError **error)
{
  const WpTlsClass *tls = wp_module_load ("wp-tls.so", "wp_tls_class", error);

  if (!tls)
    g_prefix_error (error, "--tls-certificate: ");
  self->tls = tls ? tls->new (options->certificate, options->key, error) : NULL;
  return self->tls != NULL;
}

static gboolean
open_tokens (WpTokens **tokens, const char *option, const char *path, GError **error)
{
  *tokens = path ? wp_tokens_new (path, error) : NULL;
  if (path && !*tokens)
    g_prefix_error (error, "--%s: ", option);
  return !path || *tokens;
}

gboolean
wp_server_security_open (WpServerSecurity *self, const WpServerOptions *options, GError **error)
{
  *self = (WpServerSecurity){ NULL };
  if (options->certificate && !open_tls (self, options, error))
    return FALSE;
  return open_tokens (&self->tokens, "token-file", options->token_file, error)
         && open_tokens (&self->admin_tokens, "admin-token-file", options->admin_token_file, error);
}

void
wp_server_security_clear (WpServerSecurity *self)
{
  g_clear_pointer (&self->tls, wp_tls_free);
  g_clear_pointer (&self->tokens, wp_tokens_free);
  g_clear_pointer (&self->admin_tokens, wp_tokens_free);
}

static void
reload_tokens (WpTokens *tokens, const char *what)
{
  g_autoptr (GError) error = NULL;

  if (tokens && wp_tokens_reload (tokens, &error))
    g_message ("the %s were reloaded", what);
  else if (tokens)
    g_warning ("the %s were not reloaded: %s", what, error->message);
}

void
wp_server_security_reload (WpServerSecurity *self)
{
  g_autoptr (GError) error = NULL;

  if (self->tls && wp_tls_reload (self->tls, &error))
    g_message ("the certificate was reloaded");
  else if (self->tls)
    g_warning ("the certificate was not reloaded: %s", error->message);
  reload_tokens (self->tokens, "tokens");
  reload_tokens (self->admin_tokens, "admin tokens");
}
