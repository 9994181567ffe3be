/* fuzz-response.c - any bytes as a response, and the end of the connection after them; whole, in two pieces
 * and byte by byte they must come to the same. The first byte says whether it answers a HEAD, and where it is
 * cut. */
#include <string.h>

#include "runtime/replay/wp-response.h"

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

typedef struct {
  WpResponseProgress progress;
  guint status;
  gboolean keeps;
  gsize used;
  const char *fault;
} Result;

static WpResponseProgress
take (WpResponse *response, const char *bytes, gsize len, gsize *used)
{
  g_autofree char *exact = g_memdup2 (bytes, MAX (len, 1)); /* a byte beyond it is found */
  WpResponseProgress progress = wp_response_take (response, exact, len, used);

  g_assert_cmpuint (*used, <=, len);
  g_assert_true (progress != WP_RESPONSE_MORE || *used == len);
  g_assert_true (!response->fault == (progress != WP_RESPONSE_BAD));
  return progress;
}

/* The first piece has @first bytes, all others @step. */
static Result
parse (const char *bytes, gsize len, gboolean to_head, gsize first, gsize step)
{
  WpResponse response = { 0 };
  Result result = { WP_RESPONSE_MORE, 0, FALSE, 0, NULL };
  gsize used;

  wp_response_begin (&response, to_head);
  for (gsize at = 0, n = first; at < len && result.progress == WP_RESPONSE_MORE; at += n, n = step)
    {
      n = MIN (n, len - at);
      result.progress = take (&response, bytes + at, n, &used);
      result.used += used;
    }
  if (result.progress == WP_RESPONSE_MORE)
    result.progress = wp_response_end (&response);
  g_assert_cmpint (result.progress, !=, WP_RESPONSE_MORE);
  result.status = response.status;
  result.keeps = response.keeps;
  result.fault = response.fault;
  wp_response_clear (&response);

  return result;
}

/* A malformed response may be detected later if it comes in one piece; the number of bytes taken does not
 * matter. */
static void
assert_same (const Result *a, const Result *b)
{
  g_assert_cmpint (a->progress, ==, b->progress);
  if (a->progress == WP_RESPONSE_BAD)
    return;
  g_assert_true (a->status >= 200 && a->status < 1000);
  g_assert_cmpuint (a->status, ==, b->status);
  g_assert_cmpint (a->keeps, ==, b->keeps);
  g_assert_cmpuint (a->used, ==, b->used);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  const char *bytes = (const char *) data + 1;
  gboolean to_head;
  Result whole, halves, single;

  if (size < 2)
    return 0;
  size--;
  to_head = data[0] & 1;
  whole = parse (bytes, size, to_head, size, size);
  halves = parse (bytes, size, to_head, 1 + (data[0] >> 1) % size, size);
  single = parse (bytes, size, to_head, 1, 1);
  assert_same (&whole, &halves);
  assert_same (&whole, &single);
  return 0;
}
