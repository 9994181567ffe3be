/* fuzz-request.c - any bytes as the head of a request, and as a chunked body; whole and in two pieces they
 * must come to the same. */
#include <string.h>

#include "runtime/http/wp-chunked.h"
#include "runtime/http/wp-request.h"

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

/* The same in one piece and in two; slices lie inside the head. */
static void
check_head (const char *text, gsize len, gsize split)
{
  WpRequestParser whole = { .secure = FALSE }, pieces = { .secure = FALSE };
  const WpRequest *request = &whole.request;
  WpRequestKind kind = wp_request_parse (&whole, text, len), again = wp_request_parse (&pieces, text, split);

  if (again == WP_REQUEST_MORE)
    again = wp_request_parse (&pieces, text, len);
  g_assert_cmpint (kind, ==, again);
  g_assert_cmpuint (whole.status, ==, pieces.status);
  g_assert_cmpint (kind == WP_REQUEST_BAD, ==, whole.status != 0);
  if (kind != WP_REQUEST_WHOLE)
    return;
  g_assert_cmpuint (request->head_len, <=, len);
  g_assert_cmpuint (request->head_len, ==, pieces.request.head_len);
  if (request->method)
    g_assert_true (*request->path.bytes == '/' && request->query.bytes >= text
                   && request->query.bytes + request->query.len <= text + request->head_len);
}

static WpChunkedState
decode (const char *text, gsize len, gsize split, GByteArray *body)
{
  g_autofree char *copy = g_memdup2 (text, MAX (len, 1));
  WpChunked chunked = { .max_bytes = 1000 };
  gsize used, n_body;
  WpChunkedState state = wp_chunked_feed (&chunked, copy, split, &used, &n_body);

  g_byte_array_append (body, (guint8 *) copy, (guint) n_body);
  if (state == WP_CHUNKED_MORE)
    {
      state = wp_chunked_feed (&chunked, copy + split, len - split, &used, &n_body);
      g_byte_array_append (body, (guint8 *) copy + split, (guint) n_body);
    }
  return state;
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autofree char *exact = g_memdup2 (data, MAX (size, 1));
  g_autoptr (GByteArray) whole = g_byte_array_new (), pieces = g_byte_array_new ();
  gsize split = size > 0 ? data[0] % size : 0;

  check_head (exact, size, split);
  g_assert_cmpint (decode (exact, size, size, whole), ==, decode (exact, size, split, pieces));
  g_assert_cmpmem (whole->data, whole->len, pieces->data, pieces->len);
  return 0;
}
