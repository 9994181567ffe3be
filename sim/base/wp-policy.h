/* wp-policy.h - the settings that server and model share: mode, sizes, policy for a full queue,
 * acknowledgement. */
#pragma once

#include <glib.h>

#include "sim/base/wp-options.h"

/* How a request ended: in the server, in the model, and in the files of both. */
typedef enum {
  WP_OUTCOME_NONE,
  WP_OUTCOME_STORED,
  WP_OUTCOME_REJECTED,
  WP_OUTCOME_TIMED_OUT,
  WP_OUTCOME_ABANDONED,
  WP_OUTCOME_FAILED,
  WP_OUTCOME_PASSED /* at a front: the shared queue has confirmed it */
} WpOutcome;

const char *wp_outcome_name (WpOutcome outcome); /* as in files: "stored", "timed_out"; "" for none */

typedef enum {
  WP_MODE_DEFAULT,
  WP_MODE_BUFFERED_CHANNEL,
  WP_MODE_WORKER_POOL,
  WP_MODE_ALL /* wp-sim only */
} WpModeKind;
typedef enum { WP_DISPATCHER_BOUNDED, WP_DISPATCHER_SPAWNING } WpDispatcher;
typedef enum { WP_WHEN_FULL_BLOCK, WP_WHEN_FULL_REJECT } WpWhenFull;
typedef enum { WP_ACK_ACCEPTED, WP_ACK_STORED } WpAck;

#define WP_N_MODES   3
#define WP_UNBOUNDED G_MAXUINT

/* The sizes of a server from a moment on, after a change while it ran. */
typedef struct {
  gint64 at_ns; /* since the trace's origin */
  guint queue_jobs, workers;
  gboolean rejects;
  gint64 block_timeout_ns; /* WP_TIME_NONE: none */
} WpSizeChange;

/* As the user set it; wp_policy_init() sets the defaults. */
typedef struct {
  WpModeKind mode;
  guint queue_jobs; /* K, >= 0; default 10000 */
  guint workers;    /* c, >= 1; default 10000 */
  WpDispatcher dispatcher;
  WpWhenFull when_full;
  gint64 block_timeout_ns; /* WP_TIME_NONE (default): a parked request waits without limit; 0 is reject */
  WpAck ack;               /* answer a request when its job is accepted (default) or stored */
  /* with WP_ACK_STORED: run a queued job even after its client has left (FALSE) */
  gboolean keep_abandoned;
  guint given;                 /* WpPolicyField bits: set by the command line or the configuration */
  const WpSizeChange *changes; /* @n_changes, in order of time, of the sizes above; not owned; NULL: none */
  guint n_changes;
} WpPolicy;

typedef enum {
  WP_POLICY_MODE = 1 << 0,
  WP_POLICY_QUEUE = 1 << 1,
  WP_POLICY_WORKERS = 1 << 2,
  WP_POLICY_DISPATCHER = 1 << 3,
  WP_POLICY_WHEN_FULL = 1 << 4,
  WP_POLICY_BLOCK_TIMEOUT = 1 << 5,
  WP_POLICY_ACK = 1 << 6,
  WP_POLICY_KEEP_ABANDONED = 1 << 7
} WpPolicyField;

/* The queueing system of a policy: one FIFO and c servers in every mode. Server and simulator both use it. */
typedef struct {
  /* capacity; WP_UNBOUNDED with the spawning dispatcher; 0 in Default, which never queues */
  guint queue_jobs;
  guint workers;           /* 1 in BufferedChannel, WP_UNBOUNDED in Default */
  gboolean rejects;        /* a full queue rejects instead of parking */
  gint64 block_timeout_ns; /* WP_TIME_NONE: none; never 0, which is @rejects */
  /* FALSE in Default and with the spawning dispatcher: time_full and first_full are null */
  gboolean can_be_full;
  gboolean drops_queued;       /* drop a queued job whose client has left: it was never acknowledged */
  const WpSizeChange *changes; /* as of WpPolicy */
  guint n_changes;
} WpLayout;

void wp_policy_init (WpPolicy *self, WpModeKind mode);
void wp_policy_layout (const WpPolicy *self, WpLayout *layout);

/* Returns: the mean number of workers between the two times; WP_UNBOUNDED, where that is the layout's. */
double wp_layout_mean_workers (const WpLayout *self, gint64 from_ns, gint64 until_ns);

/* FALSE with WP_ERROR_USAGE: --when-full=reject beside --block-timeout. */
gboolean wp_policy_check (const WpPolicy *self, GError **error);

/* Does this mode use that field? An unused field is ignored, and null in reports and JSON. */
gboolean wp_policy_uses (const WpPolicy *self, WpPolicyField field);

const char *wp_mode_name (WpModeKind mode);               /* "WorkerPool" */
const char *wp_dispatcher_name (WpDispatcher dispatcher); /* "bounded", "spawning" */
const char *wp_when_full_name (WpWhenFull when_full);     /* "block", "reject" */
const char *wp_ack_name (WpAck ack);                      /* "accepted", "stored" */

/**
 * wp_policy_set:
 * @name: long option or note key: "mode", "queue", "workers", "dispatcher", "when-full", "block-timeout",
 * "ack", "keep-abandoned"
 * @value: as typed; names in any letter case; "true" or "false" for "keep-abandoned"
 *
 * Sets the field and its bit in @given.
 *
 * Returns: FALSE with WP_ERROR_BAD_VALUE, e.g. `"pool" is not a mode: Default, BufferedChannel or WorkerPool`
 */
gboolean wp_policy_set (WpPolicy *self, const char *name, const char *value, GError **error);

/* The value as text that wp_policy_set() accepts. Free with g_free(). */
char *wp_policy_get (const WpPolicy *self, const char *name);

/* The sizes and the policy for a full queue, which a server changes while it runs: those that this mode uses,
 * as in "workers=8 queue=100 when-full=block block-timeout=none". Free with g_free(). */
char *wp_policy_format_sizes (const WpPolicy *self);

/**
 * wp_policy_set_words:
 * @text: words "KEY=VALUE", as wp_policy_format_sizes() writes them; all may be absent
 * @fields: the WpPolicyField bits that may be set
 *
 * Returns: FALSE with WP_ERROR_BAD_VALUE or WP_ERROR_USAGE; some words may have been set
 */
gboolean wp_policy_set_words (WpPolicy *self, const char *text, guint fields, GError **error);

/* What wp_policy_format_sizes() writes. */
#define WP_POLICY_SIZES (WP_POLICY_WORKERS | WP_POLICY_QUEUE | WP_POLICY_WHEN_FULL | WP_POLICY_BLOCK_TIMEOUT)

/* The options of a group on a WpPolicy, whose given is WpPolicy.given, each a WpPolicyField. The mode is the
 * first: it determines which others are used. */
extern const WpOption wp_policy_options[];
