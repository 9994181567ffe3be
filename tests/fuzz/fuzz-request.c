/* fuzz-request.c - any bytes as the head of a request, and as a chunked body; whole and in two pieces they must come to the same. */
#include <string.h>

#include "runtime/http/wp-chunked.h"
#include "runtime/http/wp-request.h"

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

/* A head once found bad or whole stays so when more bytes follow, and its slices lie inside it. */
static void
check_head (const char *text, gsize len)
{
  WpRequest request, again;
  guint status, status_again;
  WpRequestKind kind = wp_request_parse (text, len, &request, &status), kind_again;

  g_assert_cmpint (kind == WP_REQUEST_BAD, ==, status != 0);
  if (kind == WP_REQUEST_PLAIN || kind == WP_REQUEST_OTHER)
    {
      g_assert_cmpuint (request.head_len, <=, len);
      kind_again = wp_request_parse (text, request.head_len, &again, &status_again);
      g_assert_cmpint (kind, ==, kind_again);
    }
  if (kind == WP_REQUEST_PLAIN)
    g_assert_true (*request.path.bytes == '/' && request.query.bytes >= text && request.query.bytes + request.query.len <= text + request.head_len);
}

static WpChunkedState
decode (const char *text, gsize len, gsize split, GBytes **body)
{
  g_autoptr(WpChunked) chunked = wp_chunked_new (1000);
  gsize used;
  WpChunkedState state = wp_chunked_feed (chunked, text, split, &used);

  if (state == WP_CHUNKED_MORE)
    state = wp_chunked_feed (chunked, text + split, len - split, &used);
  *body = state == WP_CHUNKED_DONE ? wp_chunked_steal_body (chunked) : NULL;
  return state;
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autofree char *exact = g_memdup2 (data, MAX (size, 1));
  g_autoptr(GBytes) whole = NULL, pieces = NULL;
  gsize split = size > 0 ? data[0] % size : 0;

  check_head (exact, size);
  g_assert_cmpint (decode (exact, size, size, &whole), ==, decode (exact, size, split, &pieces));
  g_assert_true ((!whole && !pieces) || (whole && pieces && g_bytes_equal (whole, pieces)));
  return 0;
}
