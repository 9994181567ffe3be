#include "sim/trace/wp-row-store.h"

#include <stdlib.h>
#include <string.h>

#include "sim/base/wp-memory.h"

#define ID_BLOCK_BYTES (64 * 1024)

typedef struct {
  gint64 arrival_ns;
  guint64 place; /* in the order of adding */
} Key;

/* and where they are in a row */
static const struct {
  WpColumn column;
  gsize offset;
} number_columns[] = {
  { WP_COLUMN_SERVICE, G_STRUCT_OFFSET (WpRow, service_ns) },
  { WP_COLUMN_BYTES, G_STRUCT_OFFSET (WpRow, bytes) },
  { WP_COLUMN_ACCEPTED, G_STRUCT_OFFSET (WpRow, accepted_ns) },
  { WP_COLUMN_STARTED, G_STRUCT_OFFSET (WpRow, started_ns) },
  { WP_COLUMN_FINISHED, G_STRUCT_OFFSET (WpRow, finished_ns) },
  { WP_COLUMN_ENDED, G_STRUCT_OFFSET (WpRow, ended_ns) },
  { WP_COLUMN_RESPONSE, G_STRUCT_OFFSET (WpRow, response_ns) },
};

typedef struct {
  gint8 outcome, blocked;
  gint16 status;
} Flags;

struct _WpRowStore {
  guint columns;
  gsize n, room; /* rows, and those that each of the following has room for */
  Key *keys;
  gint64 *numbers[G_N_ELEMENTS (number_columns)]; /* NULL where the column is not there */
  const char **ids;                               /* in id_text; or NULL */
  const char **requests;                          /* the trace's; or NULL */
  Flags *flags;                                   /* or NULL */
  GStringChunk *id_text;
  gint64 latest_ns;
  guint64 out_of_order;
};

WpRowStore *
wp_row_store_new (guint columns)
{
  WpRowStore *self = g_new0 (WpRowStore, 1);

  self->columns = columns;
  self->id_text = g_string_chunk_new (ID_BLOCK_BYTES);
  self->latest_ns = G_MININT64;

  return self;
}

void
wp_row_store_free (WpRowStore *self)
{
  if (self == NULL)
    return;
  g_free (self->keys);
  for (gsize i = 0; i < G_N_ELEMENTS (number_columns); i++)
    g_free (self->numbers[i]);
  g_free (self->ids);
  g_free (self->requests);
  g_free (self->flags);
  g_string_chunk_free (self->id_text);
  g_free (self);
}

/* @room by value: each column grows from the same to the same. */
static gboolean
grow (gpointer column, gsize room, gsize n, gsize size, GError **error)
{
  return wp_memory_grow (column, &room, n, size, error);
}

/* For @n elements of each column that there is. */
static gboolean
make_room (WpRowStore *self, gsize n, GError **error)
{
  const guint flags = 1u << WP_COLUMN_OUTCOME | 1u << WP_COLUMN_BLOCKED | 1u << WP_COLUMN_STATUS;
  gsize room = self->room;

  if (!wp_memory_grow (&self->keys, &room, n, sizeof *self->keys, error))
    return FALSE;
  for (gsize i = 0; i < G_N_ELEMENTS (number_columns); i++)
    if ((self->columns & 1u << number_columns[i].column)
        && !grow (&self->numbers[i], self->room, n, sizeof *self->numbers[i], error))
      return FALSE;
  if (((self->columns & 1u << WP_COLUMN_ID) && !grow (&self->ids, self->room, n, sizeof *self->ids, error))
      || ((self->columns & 1u << WP_COLUMN_PATH)
          && !grow (&self->requests, self->room, n, sizeof *self->requests, error))
      || ((self->columns & flags) && !grow (&self->flags, self->room, n, sizeof *self->flags, error)))
    return FALSE;
  self->room = room;

  return TRUE;
}

static void
add_numbers (WpRowStore *self, const WpRow *rows, gsize n_rows)
{
  for (gsize i = 0; i < G_N_ELEMENTS (number_columns); i++)
    for (gsize row = 0; self->numbers[i] != NULL && row < n_rows; row++)
      self->numbers[i][self->n + row] = G_STRUCT_MEMBER (gint64, &rows[row], number_columns[i].offset);
}

static void
add_others (WpRowStore *self, const WpRow *row, gsize place)
{
  self->keys[place] = (Key){ row->arrival_ns, place };
  if (row->arrival_ns < self->latest_ns)
    self->out_of_order++;
  else
    self->latest_ns = row->arrival_ns;
  if (self->ids != NULL)
    self->ids[place] = row->id != NULL ? g_string_chunk_insert (self->id_text, row->id) : NULL;
  if (self->requests != NULL)
    self->requests[place] = row->request;
  if (self->flags != NULL)
    self->flags[place] = (Flags){ (gint8) row->outcome, (gint8) row->blocked, row->status };
}

gboolean
wp_row_store_add (WpRowStore *self, const WpRow *rows, gsize n_rows, GError **error)
{
  if (self->n + n_rows > self->room && !make_room (self, self->n + n_rows, error))
    return FALSE;
  add_numbers (self, rows, n_rows);
  for (gsize i = 0; i < n_rows; i++)
    add_others (self, &rows[i], self->n + i);
  self->n += n_rows;

  return TRUE;
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
    qsort (self->keys, self->n, sizeof (Key), compare_keys);
}

static void
get_numbers (const WpRowStore *self, const Key *keys, WpRow *rows, gsize n_rows)
{
  for (gsize i = 0; i < G_N_ELEMENTS (number_columns); i++)
    for (gsize row = 0; self->numbers[i] != NULL && row < n_rows; row++)
      G_STRUCT_MEMBER (gint64, &rows[row], number_columns[i].offset) = self->numbers[i][keys[row].place];
}

static void
get_others (const WpRowStore *self, const Key *key, WpRow *row)
{
  row->arrival_ns = key->arrival_ns;
  if (self->ids != NULL)
    row->id = self->ids[key->place];
  if (self->requests != NULL)
    row->request = self->requests[key->place];
  if (self->flags != NULL)
    {
      row->outcome = (WpOutcome) self->flags[key->place].outcome;
      row->blocked = self->flags[key->place].blocked;
      row->status = self->flags[key->place].status;
    }
}

gsize
wp_row_store_get (const WpRowStore *self, gsize from, WpRow *rows, gsize max_rows)
{
  gsize n = MIN (max_rows, self->n - from);

  get_numbers (self, self->keys + from, rows, n);
  for (gsize i = 0; i < n; i++)
    get_others (self, &self->keys[from + i], &rows[i]);

  return n;
}

void
wp_row_store_put_services (WpRowStore *self, const gint64 *services_ns)
{
  gint64 *column = self->numbers[0];

  g_return_if_fail (number_columns[0].column == WP_COLUMN_SERVICE && column != NULL);
  for (gsize i = 0; i < self->n; i++)
    if (services_ns[i] != WP_TIME_NONE)
      column[self->keys[i].place] = services_ns[i];
}

gsize
wp_row_store_length (const WpRowStore *self)
{
  return self->n;
}

guint64
wp_row_store_out_of_order (const WpRowStore *self)
{
  return self->out_of_order;
}

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
