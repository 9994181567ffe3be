#include "sim/trace/wp-row-store.h"

#include <stdlib.h>

#include "sim/trace/wp-mapping.h"

#define ID_BLOCK_BYTES (64 * 1024)

typedef struct {
  gint64 arrival_ns;
  guint64 place;             /* in the order of adding */
} Key;

static const WpColumn number_columns[] = {
  WP_COLUMN_SERVICE, WP_COLUMN_BYTES, WP_COLUMN_ACCEPTED, WP_COLUMN_STARTED, WP_COLUMN_FINISHED, WP_COLUMN_ENDED
};

typedef struct {
  gint8 outcome, blocked;
} Flags;

struct _WpRowStore {
  guint columns;
  GArray *keys;                                      /* of Key */
  GArray *numbers[G_N_ELEMENTS (number_columns)];    /* of gint64; NULL where the column is not there */
  GPtrArray *ids;                                    /* of char in id_text, or NULL */
  GArray *flags;                                     /* of Flags, or NULL */
  GStringChunk *id_text;
  gint64 latest_ns;
  guint64 out_of_order;
};

WpRowStore *
wp_row_store_new (guint columns)
{
  WpRowStore *self = g_new0 (WpRowStore, 1);

  self->columns = columns;
  self->keys = g_array_new (FALSE, FALSE, sizeof (Key));
  for (gsize i = 0; i < G_N_ELEMENTS (number_columns); i++)
    if (columns & 1u << number_columns[i])
      self->numbers[i] = g_array_new (FALSE, FALSE, sizeof (gint64));
  if (columns & 1u << WP_COLUMN_ID)
    {
      self->ids = g_ptr_array_new ();
      self->id_text = g_string_chunk_new (ID_BLOCK_BYTES);
    }
  if (columns & (1u << WP_COLUMN_OUTCOME | 1u << WP_COLUMN_BLOCKED))
    self->flags = g_array_new (FALSE, FALSE, sizeof (Flags));
  self->latest_ns = G_MININT64;

  return self;
}

void
wp_row_store_free (WpRowStore *self)
{
  if (self == NULL)
    return;
  g_array_unref (self->keys);
  for (gsize i = 0; i < G_N_ELEMENTS (number_columns); i++)
    g_clear_pointer (&self->numbers[i], g_array_unref);
  g_clear_pointer (&self->ids, g_ptr_array_unref);
  g_clear_pointer (&self->id_text, g_string_chunk_free);
  g_clear_pointer (&self->flags, g_array_unref);
  g_free (self);
}

static gint64 *
number_field (WpRow *row, WpColumn column)
{
  return column == WP_COLUMN_BYTES ? &row->bytes : wp_mapping_time (column, row);
}

static void
add_row (WpRowStore *self, WpRow row)
{
  Key key = { row.arrival_ns, self->keys->len };

  g_array_append_val (self->keys, key);
  if (row.arrival_ns < self->latest_ns)
    self->out_of_order++;
  else
    self->latest_ns = row.arrival_ns;
  for (gsize i = 0; i < G_N_ELEMENTS (number_columns); i++)
    if (self->numbers[i] != NULL)
      g_array_append_vals (self->numbers[i], number_field (&row, number_columns[i]), 1);
  if (self->ids != NULL)
    g_ptr_array_add (self->ids, row.id != NULL ? g_string_chunk_insert (self->id_text, row.id) : NULL);
  if (self->flags != NULL)
    {
      Flags flags = { (gint8) row.outcome, (gint8) row.blocked };
      g_array_append_val (self->flags, flags);
    }
}

void
wp_row_store_add (WpRowStore *self, const WpRow *rows, gsize n_rows)
{
  for (gsize i = 0; i < n_rows; i++)
    add_row (self, rows[i]);
}

static int
compare_keys (const void *a, const void *b)
{
  const Key *left = a;
  const Key *right = b;

  if (left->arrival_ns != right->arrival_ns)
    return left->arrival_ns < right->arrival_ns ? -1 : 1;

  return left->place < right->place ? -1 : left->place > right->place;
}

void
wp_row_store_sort (WpRowStore *self)
{
  if (self->out_of_order > 0)
    qsort (self->keys->data, self->keys->len, sizeof (Key), compare_keys);
}

static void
get_row (const WpRowStore *self, gsize place, WpRow *row)
{
  const Key *key = &g_array_index (self->keys, Key, place);

  row->arrival_ns = key->arrival_ns;
  for (gsize i = 0; i < G_N_ELEMENTS (number_columns); i++)
    if (self->numbers[i] != NULL)
      *number_field (row, number_columns[i]) = g_array_index (self->numbers[i], gint64, key->place);
  if (self->ids != NULL)
    row->id = self->ids->pdata[key->place];
  if (self->flags != NULL)
    {
      Flags flags = g_array_index (self->flags, Flags, key->place);

      row->outcome = (WpOutcome) flags.outcome;
      row->blocked = flags.blocked;
    }
}

gsize
wp_row_store_get (const WpRowStore *self, gsize from, WpRow *rows, gsize max_rows)
{
  gsize n = MIN (max_rows, self->keys->len - from);

  for (gsize i = 0; i < n; i++)
    get_row (self, from + i, &rows[i]);

  return n;
}

gsize
wp_row_store_length (const WpRowStore *self)
{
  return self->keys->len;
}

guint64
wp_row_store_out_of_order (const WpRowStore *self)
{
  return self->out_of_order;
}
