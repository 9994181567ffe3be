/* wp-logged-pools.h - is a log rather of two pools of workers than of one? */
#pragma once

#include "sim/model/wp-logged-search.h"

/**
 * wp_logged_pools_likeness:
 * @workers: >= 2; of both pools together, or of one
 *
 * Behind two pools a request may wait while the other pool has an idle worker, and one that waits may start
 * before those ahead of it: taken as of one pool, some of the shortest services are too long where nearly all
 * workers are busy, and too short where requests wait. How much depends on everything. So logs of two pools,
 * and of one, are drawn from this log's arrivals and its recovered services, in random order, and looked at
 * as the log was. From some of those of two pools the likelihood of a rank of a service is counted, given the
 * number in the system and whether the request waited; it is uniform for one pool. The log's sum of the
 * logarithms of these lies on a way from that of one pool to that of two. (The most powerful test of two
 * hypotheses: Neyman and Pearson, 1933.)
 *
 * Takes about 25 passes of O(n log n).
 *
 * Returns: about 0 for one pool, about 1 for two; INFINITY where these are too near each other to tell
 */
double wp_logged_pools_likeness (WpLoggedSearch *self, guint workers);
