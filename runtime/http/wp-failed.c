#include "runtime/http/wp-failed.h"

#include <json-glib/json-glib.h>

#define MAX_LISTED 100

static void
add_text (JsonBuilder *json, const char *name, const char *value)
{
  json_builder_set_member_name (json, name);
  json_builder_add_string_value (json, value);
}

static void
add_count (JsonBuilder *json, const char *name, guint64 value)
{
  json_builder_set_member_name (json, name);
  json_builder_add_int_value (json, (gint64) value);
}

/* What a client sent may be any bytes. */
static void
add_foreign_string (JsonBuilder *json, const char *name, const char *value)
{
  g_autofree char *valid = g_utf8_make_valid (value, -1);

  add_text (json, name, valid);
}

static void
add_failed (const WpFailedJob *job, gpointer data)
{
  JsonBuilder *json = data;

  json_builder_begin_object (json);
  add_foreign_string (json, "id", job->id);
  add_text (json, "received", job->received);
  add_text (json, "failed", job->failed);
  add_foreign_string (json, "reason", job->reason ? job->reason : "");
  add_count (json, "updates", (guint64) job->updates);
  add_text (json, "method", job->method);
  add_foreign_string (json, "path", job->path);
  add_count (json, "bytes", (guint64) job->bytes);
  json_builder_end_object (json);
}

char *
wp_failed_format (WpJournal *journal, GError **error)
{
  g_autoptr(JsonBuilder) json = json_builder_new ();
  g_autoptr(JsonNode) root = NULL;
  WpJournalCounts counts;

  wp_journal_count (journal, &counts);
  json_builder_begin_object (json);
  add_text (json, "journal", wp_journal_get_path (journal));
  add_count (json, "failed", counts.failed);
  json_builder_set_member_name (json, "jobs");
  json_builder_begin_array (json);
  if (!wp_journal_file_list_failed (wp_journal_get_path (journal), MAX_LISTED, add_failed, json, error))
    return NULL;
  json_builder_end_array (json);
  json_builder_end_object (json);
  root = json_builder_get_root (json);

  return json_to_string (root, TRUE);
}
