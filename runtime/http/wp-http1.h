/* wp-http1.h - our own HTTP/1: answers every well formed request by itself, with one send for all that
 * came together. The default lane of the ingest.
 *
 * Requests can be pipelined: they are taken one after another, and answered in order. */
#pragma once

#include "runtime/http/wp-http-thread.h"
#include "runtime/http/wp-ingest.h"

/* Makes it the lane of @front's connections; on the front's thread. It lives as long as the front does. */
void wp_http1_setup (WpHttpThread *http_thread, const WpIngest *ingest);
