#include "runtime/http/wp-failed-jobs.h"

#include "sim/trace/wp-json-add.h"

#define MAX_LISTED 100

/* Values of a client may be invalid UTF-8. */
static void
add_foreign_string (JsonBuilder *json, const char *name, const char *value)
{
  g_autofree char *valid = g_utf8_make_valid (value, -1);

  wp_json_add_string (json, name, valid);
}

static void
add_failed (const WpFailedJob *job, gpointer data)
{
  JsonBuilder *json = data;

  json_builder_begin_object (json);
  add_foreign_string (json, "id", job->id);
  wp_json_add_string (json, "received", job->received);
  wp_json_add_string (json, "failed", job->failed);
  add_foreign_string (json, "reason", job->reason ? job->reason : "");
  wp_json_add_count (json, "updates", (guint64) job->updates);
  wp_json_add_string (json, "method", job->method);
  add_foreign_string (json, "path", job->path);
  wp_json_add_count (json, "bytes", (guint64) job->bytes);
  json_builder_end_object (json);
}

char *
wp_failed_jobs_format (WpJournal *journal, GError **error)
{
  g_autoptr (JsonBuilder) json = json_builder_new ();
  WpJournalCounts counts;

  wp_journal_count (journal, &counts);
  json_builder_begin_object (json);
  wp_json_add_string (json, "journal", wp_journal_get_path (journal));
  wp_json_add_count (json, "failed", counts.failed);
  json_builder_set_member_name (json, "jobs");
  json_builder_begin_array (json);
  if (!wp_journal_file_list_failed (wp_journal_get_path (journal), MAX_LISTED, add_failed, json, error))
    return NULL;
  json_builder_end_array (json);
  json_builder_end_object (json);

  return wp_json_text (json, TRUE);
}
