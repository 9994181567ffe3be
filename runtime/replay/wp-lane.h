/* wp-lane.h - one request at a time: a curl handle, reused, and the headers of what it carries. */
#pragma once

#include <curl/curl.h>

#include "runtime/replay/wp-target.h"
#include "sim/trace/wp-trace.h"

/* What all lanes share; outlives them. */
typedef struct {
  const WpTarget *target; /* probed */
  const char *method;     /* NULL: GET where there is no body, POST where there is one */
  const char *body;       /* at least as long as the longest */
  /* now, right before the first byte is written; again after curl's own retry */
  void (*sent) (gpointer data, gsize request);
  gpointer data;
} WpLaneSetup;

typedef struct _WpLane WpLane;

WpLane *wp_lane_new (const WpLaneSetup *setup);
void wp_lane_free (WpLane *self); /* it is in no multi handle any more */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpLane, wp_lane_free)

/* Makes it ready to carry @row, number @request of the schedule. */
void wp_lane_load (WpLane *self, const WpRow *row, gsize request);

CURL *wp_lane_handle (const WpLane *self); /* its CURLOPT_PRIVATE is the lane */
gsize wp_lane_request (const WpLane *self);
guint wp_lane_status (const WpLane *self); /* of the answer */

/* "Couldn't connect to server: Connection refused" */
char *wp_lane_explain (const WpLane *self, CURLcode code);
