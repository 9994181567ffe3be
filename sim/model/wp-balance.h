/* wp-balance.h - the load balancer before several servers, and the depth of their queues together. */
#pragma once

#include "sim/stats/wp-histogram.h"
#include "sim/stats/wp-random.h"

typedef enum {
  WP_BALANCE_ROUND_ROBIN, /* in turn */
  WP_BALANCE_RANDOM,
  /* the server with the fewest open requests, and among several of them in turn: nginx's least_conn */
  WP_BALANCE_LEAST
} WpBalance;

extern const char *const wp_balance_names[]; /* as typed, in this order, NULL-terminated */

#define WP_BALANCE_STREAM 7 /* of random numbers; other draws of the same seed have others */

typedef struct {
  WpBalance balance;
  guint servers, last; /* the server that got the last request */
  guint *open;         /* of each server: requests without an answer; the owner counts them */
  WpRandom random;
} WpBalancer;

void wp_balancer_init (WpBalancer *self, WpBalance balance, guint servers, guint64 seed);
void wp_balancer_clear (WpBalancer *self);

/* Returns: the server of the next request. O(servers) with WP_BALANCE_LEAST, else O(1) */
guint wp_balancer_choose (WpBalancer *self);

/* Jobs in the queues of all servers, and parked requests. */
typedef struct {
  guint64 jobs, parked, parked_peak;
  gint64 counted_ns;   /* counted up to here; WP_TIME_NONE: no request has come */
  WpHistogram *depths; /* jobs, weighted by ns */
} WpFleetDepth;

void wp_fleet_depth_init (WpFleetDepth *self);
void wp_fleet_depth_clear (WpFleetDepth *self);
void wp_fleet_depth_count (WpFleetDepth *self, gint64 until_ns);
void wp_fleet_depth_restart (WpFleetDepth *self, gint64 now_ns); /* forgets what it counted before */
