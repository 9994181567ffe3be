/* wp-ingest.h - libsoup's lane: GET, POST and PUT on any path make a job. */
#pragma once

#include "runtime/http/wp-front.h"
#include "runtime/modes/wp-mode.h"

typedef struct {
  WpMode *mode;
  guint64 max_body_bytes;
  gboolean by_request;       /* X-WP-Service must be a number from 0 to 3600, where it is there */
} WpIngest;

/* WpFrontSetup and WpMailboxFunc of an ingest front; their data is the WpIngest. */
void wp_ingest_setup (WpFront *front, SoupServer *server, gpointer ingest);
