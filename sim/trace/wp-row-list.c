#include "sim/trace/wp-row-list.h"

#include <string.h>

#include "sim/base/wp-memory.h"

#define ID_BLOCK_BYTES (64 * 1024)

struct _WpRowList {
  WpRow *rows;
  gsize n, room;
  GStringChunk *ids;
};

WpRowList *
wp_row_list_new (void)
{
  WpRowList *self = g_new0 (WpRowList, 1);

  self->ids = g_string_chunk_new (ID_BLOCK_BYTES);

  return self;
}

void
wp_row_list_free (WpRowList *self)
{
  g_free (self->rows);
  g_string_chunk_free (self->ids);
  g_free (self);
}

gboolean
wp_row_list_add (WpRowList *self, const WpRow *rows, gsize n_rows, gboolean copies_ids, GError **error)
{
  if (!wp_memory_grow (&self->rows, &self->room, self->n + n_rows, sizeof *rows, error))
    return FALSE;
  memcpy (self->rows + self->n, rows, n_rows * sizeof *rows);
  for (gsize i = 0; copies_ids && i < n_rows; i++)
    if (rows[i].id != NULL)
      self->rows[self->n + i].id = g_string_chunk_insert (self->ids, rows[i].id);
  self->n += n_rows;

  return TRUE;
}

void
wp_row_list_restart (WpRowList *self)
{
  self->n = 0;
  g_string_chunk_clear (self->ids);
}

const WpRow *
wp_row_list_rows (const WpRowList *self, gsize *n_rows)
{
  *n_rows = self->n;

  return self->rows;
}
