#include "sim/plan/wp-lines.h"

/* Of a number of workers. */
typedef struct {
  WpBacklog *line;             /* NULL: it fails with a queue of that size or a smaller one */
  guint lost_queue;
  const WpSlo *lost_slo;
} Entry;

struct _WpLines {
  GHashTable *entries;      /* (element-type guint Entry): by workers */
};

static void
entry_free (gpointer data)
{
  Entry *self = data;

  g_clear_pointer (&self->line, wp_backlog_free);
  g_free (self);
}

WpLines *
wp_lines_new (void)
{
  WpLines *self = g_new0 (WpLines, 1);

  self->entries = g_hash_table_new_full (g_direct_hash, g_direct_equal, NULL, entry_free);

  return self;
}

void
wp_lines_free (WpLines *self)
{
  g_hash_table_unref (self->entries);
  g_free (self);
}

static void
put (WpLines *self, guint workers, Entry entry)
{
  g_hash_table_replace (self->entries, GUINT_TO_POINTER (workers), g_memdup2 (&entry, sizeof entry));
}

void
wp_lines_put (WpLines *self, guint workers, WpBacklog *line)
{
  put (self, workers, (Entry) { .line = line });
}

void
wp_lines_put_lost (WpLines *self, guint workers, guint queue_jobs, const WpSlo *slo)
{
  put (self, workers, (Entry) { NULL, queue_jobs, slo });
}

static const Entry *
find (const WpLines *self, guint workers)
{
  return g_hash_table_lookup (self->entries, GUINT_TO_POINTER (workers));
}

const WpBacklog *
wp_lines_find (const WpLines *self, guint workers)
{
  const Entry *entry = find (self, workers);

  return entry ? entry->line : NULL;
}

const WpSlo *
wp_lines_lost (const WpLines *self, guint workers)
{
  const Entry *entry = find (self, workers);

  return entry ? entry->lost_slo : NULL;
}

gboolean
wp_lines_answer (const WpLines *self, guint workers, guint queue_jobs)
{
  const Entry *entry = find (self, workers);

  return entry && (entry->line || queue_jobs <= entry->lost_queue);
}
