/* wp-refusal.h - why a request was turned away before it could make a job: how it is answered, and the name
 * it is counted by. */
#pragma once

#include <glib.h>

typedef enum {
  WP_REFUSAL_MALFORMED,
  WP_REFUSAL_VERSION,
  WP_REFUSAL_LINE_SIZE,
  WP_REFUSAL_HEAD_SIZE,
  WP_REFUSAL_BODY_SIZE,
  WP_REFUSAL_HEAD_TIMEOUT,
  WP_REFUSAL_BODY_TIMEOUT,
  WP_REFUSAL_METHOD,
  WP_REFUSAL_EXPECTATION,
  WP_REFUSAL_SERVICE_TIME,
  WP_REFUSAL_UNAUTHORIZED,
  WP_REFUSAL_PLAIN_HTTP,
  WP_REFUSAL_MEMORY,
  WP_N_REFUSALS
} WpRefusal;

const char *wp_refusal_name (WpRefusal self); /* "malformed" and the like */
guint wp_refusal_status (WpRefusal self);
const char *wp_refusal_text (WpRefusal self); /* one line for people, the body of the answer */

/* What the parser of heads means by @status: 400, 414, 431 or 505. */
WpRefusal wp_refusal_of_head (guint status);
