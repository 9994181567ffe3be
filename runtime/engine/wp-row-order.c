#include "runtime/engine/wp-row-order.h"

#define FIRST_LEN 1024

typedef struct {
  guint64 mark; /* the row's seq + 1; 0: the slot is empty */
  WpRow row;    /* its id is owned */
} Entry;

struct _WpRowOrder {
  guint64 span;
  WpRowWrite write;
  gpointer data;
  GArray *ring;        /* (element-type Entry): rows that wait for an earlier one, by seq modulo its length */
  guint64 next_seq;    /* all before it are written or skipped */
  GHashTable *skipped; /* (element-type gsize): seq + 1 of each skipped row that is not written yet */
  guint64 n_late;
};

static void
entry_clear (gpointer entry)
{
  Entry *self = entry;

  g_clear_pointer ((char **) &self->row.id, g_free);
  self->mark = 0;
}

static GArray *
ring_new (guint64 len)
{
  GArray *self = g_array_new (FALSE, TRUE, sizeof (Entry));

  g_array_set_clear_func (self, entry_clear);
  return g_array_set_size (self, (guint) len);
}

static Entry *
slot (const WpRowOrder *self, guint64 seq)
{
  return &g_array_index (self->ring, Entry, seq & (self->ring->len - 1));
}

WpRowOrder *
wp_row_order_new (guint64 span, WpRowWrite write, gpointer data)
{
  WpRowOrder *self = g_new0 (WpRowOrder, 1);

  g_assert (span > 0 && (span & (span - 1)) == 0);
  self->span = span;
  self->write = write;
  self->data = data;
  self->ring = ring_new (MIN (span, FIRST_LEN));
  self->skipped = g_hash_table_new (NULL, NULL);

  return self;
}

void
wp_row_order_free (WpRowOrder *self)
{
  g_array_unref (self->ring);
  g_hash_table_unref (self->skipped);
  g_free (self);
}

static void
grow (WpRowOrder *self, guint64 seq)
{
  g_autoptr (GArray) old = self->ring;
  guint64 len = old->len;

  while (seq - self->next_seq >= len)
    len *= 2;
  self->ring = ring_new (len);
  for (guint i = 0; i < old->len; i++)
    {
      Entry *entry = &g_array_index (old, Entry, i);

      if (entry->mark)
        *slot (self, entry->mark - 1) = *entry;
      *entry = (Entry){ .mark = 0 };
    }
}

static void
write_entry (WpRowOrder *self, Entry *entry)
{
  self->write (&entry->row, self->data);
  entry_clear (entry);
}

static void
write_next (WpRowOrder *self)
{
  for (Entry *next; (next = slot (self, self->next_seq))->mark; self->next_seq++)
    write_entry (self, next);
}

/* Skips the oldest missing rows until @seq is within the span. */
static void
skip_to (WpRowOrder *self, guint64 seq)
{
  for (; seq - self->next_seq >= self->span; write_next (self))
    {
      self->next_seq++;
      g_hash_table_add (self->skipped, GSIZE_TO_POINTER (self->next_seq));
      self->n_late++;
    }
}

void
wp_row_order_add (WpRowOrder *self, guint64 seq, WpRow *row)
{
  Entry entry = { seq + 1, *row };
  gboolean late = seq < self->next_seq && g_hash_table_remove (self->skipped, GSIZE_TO_POINTER (seq + 1));

  row->id = NULL;
  if (seq >= self->next_seq)
    skip_to (self, seq);
  if (seq >= self->next_seq && seq - self->next_seq >= self->ring->len)
    grow (self, seq);
  if (late)
    write_entry (self, &entry);
  else if (seq < self->next_seq || slot (self, seq)->mark)
    entry_clear (&entry);
  else
    *slot (self, seq) = entry;
  write_next (self);
}

guint64
wp_row_order_count_missing (const WpRowOrder *self, guint64 n_rows)
{
  return g_hash_table_size (self->skipped) + n_rows - MIN (n_rows, self->next_seq);
}

guint64
wp_row_order_count_late (const WpRowOrder *self)
{
  return self->n_late;
}

guint64
wp_row_order_end (WpRowOrder *self, guint64 n_rows)
{
  guint64 n_lost = g_hash_table_size (self->skipped);

  for (; self->next_seq < n_rows; self->next_seq++)
    if (slot (self, self->next_seq)->mark)
      write_entry (self, slot (self, self->next_seq));
    else
      n_lost++;

  return n_lost;
}
