/* wp-fast-lane.h - plain ingest requests, answered without libsoup: strict head, counted body, one send.
 *
 * What it answers: GET, POST and PUT in HTTP/1.1, with any body. What is well formed but anything else is passed
 * on to libsoup for good once it is whole (with --http=soup all is); what is malformed gets its 4xx here. Requests can be pipelined: they are
 * taken one after another, and answered in order. */
#pragma once

#include "runtime/http/wp-front.h"
#include "runtime/http/wp-ingest.h"

/* Puts a fast lane before @front's SoupServer; on the front's thread. It lives as long as the front does. */
void wp_fast_lane_setup (WpFront *front, const WpIngest *ingest);
