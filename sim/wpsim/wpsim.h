/* wpsim.h - the simulator as a library: what a bounded queue and its workers do with given traffic.
 *
 * A model is fed requests in order of arrival, and gives depth, waits, blocking and utilisation. Another
 * model with other sizes, fed the same requests, answers "what if". All times are integer nanoseconds since
 * an origin of the caller's. The library prints nothing, never exits (GLib aborts where memory is exhausted),
 * and has no global state: each model may be used by any one thread at a time. GObject introspection has it
 * as Wpsim, so that Python, for one, can use it.
 */
#ifndef WPSIM_H
#define WPSIM_H

#include <glib-object.h>

G_BEGIN_DECLS

/**
 * WPSIM_NONE:
 *
 * A time that does not exist: the wait where no job started, the first full moment of a queue that was never
 * full.
 */
#define WPSIM_NONE ((gint64) (-G_GINT64_CONSTANT (9223372036854775807) - 1))

/**
 * WPSIM_MAX_QUEUE:
 *
 * The largest queue, and the largest number of workers.
 */
#define WPSIM_MAX_QUEUE ((guint) 4294967294)

/**
 * WPSIM_ERROR:
 *
 * The domain of the errors, whose codes are of #WpsimError.
 */
#define WPSIM_ERROR (wpsim_error_quark ())
GQuark wpsim_error_quark (void);

/**
 * WpsimError:
 * @WPSIM_ERROR_INVALID: a value out of range, or a call after the end
 * @WPSIM_ERROR_ORDER: an arrival before the previous one
 * @WPSIM_ERROR_RANGE: a time beyond 292 years; the model can only be freed
 * @WPSIM_ERROR_INTERNAL: a defect of the library: Little's law does not hold
 */
typedef enum { WPSIM_ERROR_INVALID, WPSIM_ERROR_ORDER, WPSIM_ERROR_RANGE, WPSIM_ERROR_INTERNAL } WpsimError;

/**
 * WpsimMode:
 * @WPSIM_MODE_DEFAULT: no queue, and as many workers as there are jobs
 * @WPSIM_MODE_BUFFERED_CHANNEL: a queue and one worker
 * @WPSIM_MODE_WORKER_POOL: a queue and a pool of workers
 */
typedef enum { WPSIM_MODE_DEFAULT, WPSIM_MODE_BUFFERED_CHANNEL, WPSIM_MODE_WORKER_POOL } WpsimMode;

/**
 * WpsimModel:
 *
 * A first-come-first-served queue with room for a number of jobs, and workers. A request that finds it full
 * is parked until a place is free, unless the model rejects.
 */
typedef struct _WpsimModel WpsimModel;

/**
 * WPSIM_TYPE_MODEL:
 *
 * The boxed type of #WpsimModel.
 */
#define WPSIM_TYPE_MODEL (wpsim_model_get_type ())
GType wpsim_model_get_type (void);

/**
 * WpsimState:
 * @queued: jobs that have a place in the queue and no worker
 * @parked: requests that wait for a place
 * @in_service: jobs that a worker has
 *
 * What is in the system at one moment.
 */
typedef struct {
  guint64 queued;
  guint64 parked;
  guint64 in_service;
} WpsimState;

/**
 * WpsimTimes:
 * @mean: NaN if there are none
 * @p50: nearest rank, within 0.1 %, as are the others; %WPSIM_NONE if there are none
 * @p90: 90 %
 * @p95: 95 %
 * @p99: 99 %
 * @p999: 99.9 %
 * @max: exact
 *
 * The spread of a set of times, in ns.
 */
typedef struct {
  gdouble mean;
  gint64 p50;
  gint64 p90;
  gint64 p95;
  gint64 p99;
  gint64 p999;
  gint64 max;
} WpsimTimes;

/**
 * WpsimResult:
 * @requests: all that were fed
 * @accepted: those that got a place or a worker
 * @rejected: those that found the queue full, with wpsim_model_set_reject()
 * @timed_out: those that were parked for too long
 * @blocked: those that were ever parked
 * @blocked_peak: the most parked at once
 * @blocked_time: how long the blocked and accepted requests were parked
 * @wait: from arrival to start
 * @response: from arrival to finish
 * @depth_mean: jobs in the queue, over the time from the first arrival to the last finish; NaN without one
 * @depth_p50: 50 % of the time
 * @depth_p95: 95 % of the time
 * @depth_p99: 99 % of the time
 * @depth_peak: the most in the queue at once
 * @time_full_ns: time in which an arrival would be parked or rejected; %WPSIM_NONE in Default
 * @first_full_ns: when the first such time began; %WPSIM_NONE: never
 * @busy_mean: jobs in service, over the same time
 * @utilisation: the share of it in which a worker is busy; NaN in Default
 * @throughput: finished jobs per second
 *
 * What a model has measured.
 */
typedef struct {
  guint64 requests;
  guint64 accepted;
  guint64 rejected;
  guint64 timed_out;
  guint64 blocked;
  guint64 blocked_peak;
  WpsimTimes blocked_time;
  WpsimTimes wait;
  WpsimTimes response;
  gdouble depth_mean;
  gint64 depth_p50;
  gint64 depth_p95;
  gint64 depth_p99;
  gint64 depth_peak;
  gint64 time_full_ns;
  gint64 first_full_ns;
  gdouble busy_mean;
  gdouble utilisation;
  gdouble throughput;
  /*< private >*/
  gint64 reserved[8];
} WpsimResult;

/**
 * wpsim_model_new: (constructor)
 * @mode: which of the three systems
 * @workers: 1 to %WPSIM_MAX_QUEUE; only WorkerPool uses it
 * @queue: places in the queue, up to %WPSIM_MAX_QUEUE; 0: a request waits for a worker itself. Default does
 * not use it
 * @error: return location for an error
 *
 * Returns: (transfer full): a new model; free it with wpsim_model_free(). %NULL with %WPSIM_ERROR_INVALID
 */
WpsimModel *wpsim_model_new (WpsimMode mode, guint workers, guint queue, GError **error);

/**
 * wpsim_model_ref:
 * @self: a model
 *
 * Returns: (transfer full): @self, with a reference more, which wpsim_model_free() drops
 */
WpsimModel *wpsim_model_ref (WpsimModel *self);

/**
 * wpsim_model_free:
 * @self: (transfer full) (nullable): a model
 *
 * Drops a reference. The last one frees the model.
 */
void wpsim_model_free (WpsimModel *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpsimModel, wpsim_model_free)

/**
 * wpsim_model_set_reject:
 * @self: a model that was fed nothing yet
 *
 * A request that finds the queue full is rejected, not parked.
 */
void wpsim_model_set_reject (WpsimModel *self);

/**
 * wpsim_model_set_block_timeout:
 * @self: a model that was fed nothing yet
 * @timeout_ns: > 0
 *
 * A request that has been parked for so long leaves.
 */
void wpsim_model_set_block_timeout (WpsimModel *self, gint64 timeout_ns);

/**
 * wpsim_model_set_commit:
 * @self: a model that was fed nothing yet
 * @fixed_ns: the duration of a commit, >= 0,
 * @row_ns: and what each of its rows adds, >= 0
 * @most_rows: rows of one commit, >= 1
 *
 * The workers hand their jobs to the single writer of a database, which stores all that wait in one commit.
 * The services that are fed then mean nothing.
 */
void wpsim_model_set_commit (WpsimModel *self, gint64 fixed_ns, gint64 row_ns, guint most_rows);

/**
 * wpsim_model_feed:
 * @self: a model
 * @arrival_ns: >= 0, and not before the arrival fed last
 * @service_ns: how long a worker needs for it, >= 0
 * @error: return location for an error
 *
 * The next request. At one instant, finished jobs free their workers before a request arrives.
 *
 * Returns: %FALSE with an error
 */
gboolean wpsim_model_feed (WpsimModel *self, gint64 arrival_ns, gint64 service_ns, GError **error);

/**
 * wpsim_model_get_state:
 * @self: a model that has not ended
 * @now_ns: not before the arrival fed last, nor before an earlier @now_ns
 * @state: (out caller-allocates): what is in the system at @now_ns
 * @error: return location for an error
 *
 * With the backlog of a real queue fed first, and then the traffic that is expected, this is a forecast.
 *
 * Returns: %FALSE with an error
 */
gboolean wpsim_model_get_state (WpsimModel *self, gint64 now_ns, WpsimState *state, GError **error);

/**
 * wpsim_model_finish:
 * @self: a model; nothing can be fed after it
 * @result: (out caller-allocates): what it measured
 * @error: return location for an error
 *
 * Runs what is left in the system to its end.
 *
 * Returns: %FALSE with an error
 */
gboolean wpsim_model_finish (WpsimModel *self, WpsimResult *result, GError **error);

G_END_DECLS

#endif
