/* wp-http1.h - our own HTTP/1, the default protocol of the ingest. Pipelined requests are served one after
 * another, and their responses are sent together, in order. */
#pragma once

#include "runtime/http/wp-http-thread.h"
#include "runtime/http/wp-ingest.h"

/* WpHttpThreadSetup of the threads of the ingest; @ingest: a WpIngest */
void wp_http1_setup (WpHttpThread *http_thread, gpointer ingest);
