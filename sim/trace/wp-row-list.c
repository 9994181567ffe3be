#include "sim/trace/wp-row-list.h"

struct _WpRowList {
  GArray *rows;         /* of WpRow */
  GStringChunk *ids;
};

WpRowList *
wp_row_list_new (void)
{
  WpRowList *self = g_new (WpRowList, 1);

  self->rows = g_array_new (FALSE, FALSE, sizeof (WpRow));
  self->ids = g_string_chunk_new (4096);

  return self;
}

void
wp_row_list_free (WpRowList *self)
{
  g_array_unref (self->rows);
  g_string_chunk_free (self->ids);
  g_free (self);
}

void
wp_row_list_add (WpRowList *self, const WpRow *rows, gsize n_rows, gboolean copies_ids)
{
  gsize from = self->rows->len;

  g_array_append_vals (self->rows, rows, (guint) n_rows);
  for (gsize i = from; copies_ids && i < self->rows->len; i++)
    {
      WpRow *row = &g_array_index (self->rows, WpRow, i);

      if (row->id != NULL)
        row->id = g_string_chunk_insert (self->ids, row->id);
    }
}

void
wp_row_list_restart (WpRowList *self)
{
  g_array_set_size (self->rows, 0);
  g_string_chunk_clear (self->ids);
}

const WpRow *
wp_row_list_rows (const WpRowList *self, gsize *n_rows)
{
  *n_rows = self->rows->len;

  return (const WpRow *) self->rows->data;
}
