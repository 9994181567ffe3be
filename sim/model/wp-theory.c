#include "sim/model/wp-theory.h"

#include <math.h>

#define PLACES_MAX 10000000

double
wp_theory_erlang_b (guint servers, double load)
{
  double lost = 1;

  for (guint k = 1; k <= servers && lost > 0; k++)
    lost = load * lost / (k + load * lost);

  return lost;
}

double
wp_theory_erlang_c (guint servers, double load)
{
  double lost = wp_theory_erlang_b (servers, load), utilisation = load / servers;

  return load < servers ? lost / (1 - utilisation * (1 - lost)) : NAN;
}

double
wp_theory_pollaczek_khinchine (double load, double cv2)
{
  return load < 1 ? load * (1 + cv2) / (2 * (1 - load)) : NAN;
}

double
wp_theory_relaxation (double load, double arrival_cv2, double service_cv2)
{
  return load < 1 ? 2 * (arrival_cv2 + service_cv2) * load / ((1 - load) * (1 - load)) : NAN;
}

/* Relative to the probability that all servers are busy and the queue is empty: all states up to that one sum
 * to 1/B, and k waiting jobs have ρ^k. */
WpTheoryState
wp_theory_finite_queue (guint servers, guint places, double load)
{
  double utilisation = load / servers, power = 1, total = 1 / wp_theory_erlang_b (servers, load), waiting = 0,
         lost;

  if (places > PLACES_MAX)
    return (WpTheoryState){ NAN, NAN, NAN };
  for (guint k = 1; k <= places && power > 0; k++)
    {
      power *= utilisation;
      total += power;
      waiting += k * power;
    }
  if (isinf (total))
    return (WpTheoryState){ utilisation > 1 ? 1 - 1 / utilisation : 0,
                            utilisation > 1 ? places - 1 / (utilisation - 1) : 0, MIN (load, servers) };
  lost = power / total;

  return (WpTheoryState){ lost, waiting / total, load * (1 - lost) };
}

/* Weights relative to the first state, scaled down before they overflow. */
WpTheoryState
wp_theory_finite_source (guint servers, guint places, guint clients, double load)
{
  guint64 most = MIN ((guint64) servers + places, clients);
  double weight = 1, total = 1, waiting = 0, busy = 0, asking = clients, lost;

  for (guint64 n = 1; n <= most; n++)
    {
      weight *= (double) (clients - n + 1) * load / (double) MIN (n, servers);
      total += weight;
      busy += weight * (double) MIN (n, servers);
      waiting += n > servers ? weight * (double) (n - servers) : 0;
      asking += weight * (double) (clients - n);
      if (total > 1e250)
        weight /= 1e250, total /= 1e250, busy /= 1e250, waiting /= 1e250, asking /= 1e250;
    }
  lost = most < clients ? weight * (double) (clients - most) / asking : 0;

  return (WpTheoryState){ lost, waiting / total, busy / total };
}

static void
add (WpTheory *self, const char *metric, double value)
{
  if (isnan (value))
    return;
  g_assert (self->n_values < WP_THEORY_MAX);
  self->values[self->n_values].metric = metric;
  self->values[self->n_values++].value = value;
}

static void
name (WpTheory *self, const char *form, const char *source)
{
  self->name = form;
  self->source = source;
}

/* No job waits: the mean number in service is the offered load for any distribution (Little's law). */
static void
find_unbounded (WpTheory *self, const WpTheoryCase *simulated, double service_s)
{
  name (self, simulated->traffic == WP_TRAFFIC_POISSON ? "M/G/inf" : "G/G/inf", "Little (1961)");
  add (self, "wait.mean", 0);
  add (self, "response.mean", service_s);
  if (simulated->traffic != WP_TRAFFIC_CLIENTS)
    add (self, "busy.mean", simulated->rate * service_s);
}

static void
find_loss (WpTheory *self, const WpTheoryCase *simulated, double service_s)
{
  const WpLayout *layout = &simulated->layout;
  WpTheoryState state
      = wp_theory_finite_queue (layout->workers, layout->queue_jobs, simulated->rate * service_s);
  double accepted = simulated->rate * (1 - state.lost);

  if (layout->queue_jobs == 0)
    name (self, simulated->service.shape == WP_SHAPE_EXPONENTIAL ? "M/M/c/c" : "M/G/c/c", "Erlang B (1917)");
  else
    name (self, "M/M/c/(c+K)", "Kleinrock vol. 1, ch. 3");
  add (self, "rejected", state.lost);
  add (self, "wait.mean", state.waiting / accepted);
  add (self, "response.mean", state.waiting / accepted + service_s);
  add (self, "depth.mean", state.waiting);
  add (self, "busy.mean", state.busy);
  add (self, "throughput", accepted);
}

/* The quantile of the wait at @share, from P (W > t) = C exp (-(cμ - λ) t). */
static double
wait_quantile (double waits, double drain, double share)
{
  return 1 - share >= waits ? 0 : log (waits / (1 - share)) / drain;
}

/* A limit of K only moves waiting from the queue to the sender: P (blocked) = C ρ^K. By memorylessness the
 * mean blocked time is 1 / (cμ - λ), as is the mean wait of a request that waits. */
static void
find_patient (WpTheory *self, const WpTheoryCase *simulated, double service_s)
{
  const WpLayout *layout = &simulated->layout;
  double load = simulated->rate * service_s, utilisation = load / layout->workers;
  double waits = wp_theory_erlang_c (layout->workers, load),
         drain = layout->workers / service_s - simulated->rate;
  double blocked = layout->can_be_full ? waits * pow (utilisation, layout->queue_jobs) : 0;
  double wait_s = waits / drain;

  name (self, layout->workers == 1 ? "M/M/1" : "M/M/c", "Kleinrock vol. 1, ch. 3 (Erlang C)");
  add (self, "wait.mean", wait_s);
  add (self, "wait.p90", wait_quantile (waits, drain, 0.9));
  add (self, "wait.p95", wait_quantile (waits, drain, 0.95));
  add (self, "wait.p99", wait_quantile (waits, drain, 0.99));
  add (self, "response.mean", wait_s + service_s);
  if (layout->workers == 1)
    {
      add (self, "response.p50", log (2) / drain);
      add (self, "response.p95", log (20) / drain);
      add (self, "response.p99", log (100) / drain);
    }
  if (layout->can_be_full)
    add (self, "blocked", blocked);
  if (simulated->blocked)
    add (self, "blocked_time.mean", 1 / drain);
  add (self, "accept_latency.mean", blocked / drain);
  add (self, "depth.mean", simulated->rate * (wait_s - blocked / drain));
  add (self, "busy.mean", load);
  add (self, "throughput", simulated->rate);
}

static void
find_general (WpTheory *self, const WpTheoryCase *simulated, double service_s)
{
  double wait_s
      = wp_theory_pollaczek_khinchine (simulated->rate * service_s, simulated->service.cv2) * service_s;

  name (self, simulated->service.shape == WP_SHAPE_CONSTANT ? "M/D/1" : "M/G/1",
        "Pollaczek (1930), Khinchine (1932)");
  add (self, "wait.mean", wait_s);
  add (self, "response.mean", wait_s + service_s);
  if (!simulated->blocked) /* else some requests wait outside the queue */
    add (self, "depth.mean", simulated->rate * wait_s);
  add (self, "busy.mean", simulated->rate * service_s);
  add (self, "throughput", simulated->rate);
}

/* Job k starts at max (kD, s[k-c] + S), so it waits for floor (k / c) (S - cD) if that is above 0: the same
 * in every run. */
static void
find_constant (WpTheory *self, const WpTheoryCase *simulated, double service_s)
{
  double servers = simulated->layout.workers, n = (double) simulated->requests, rounds = floor (n / servers);
  double excess_s = MAX (0, service_s - servers / simulated->rate);
  /* of floor (k / c) over k < n */
  double sum = servers * rounds * (rounds - 1) / 2 + (n - servers * rounds) * rounds;

  name (self, "D/D/c", "counting");
  self->exact = TRUE;
  add (self, "wait.mean", excess_s * sum / n);
  add (self, "wait.max", excess_s * floor ((n - 1) / servers));
  add (self, "response.mean", excess_s * sum / n + service_s);
}

static void
find_clients (WpTheory *self, const WpTheoryCase *simulated, double service_s, double think_s)
{
  const WpLayout *layout = &simulated->layout;
  guint places = layout->rejects ? layout->queue_jobs : simulated->clients;
  WpTheoryState state
      = wp_theory_finite_source (layout->workers, places, simulated->clients, service_s / think_s);
  double throughput = state.busy / service_s;

  name (self, layout->rejects ? "M/M/c/(c+K)//P" : "M/M/c//P",
        "Kleinrock vol. 1, ch. 3 (the machine repairman)");
  add (self, "wait.mean", state.waiting / throughput);
  add (self, "response.mean", state.waiting / throughput + service_s);
  if (layout->rejects)
    add (self, "rejected", state.lost);
  if (layout->rejects || !simulated->blocked)
    add (self, "depth.mean", state.waiting);
  add (self, "busy.mean", state.busy);
  add (self, "throughput", throughput);
}

static void
none (WpTheory *self, const char *why)
{
  self->source = why;
}

static void
find_open (WpTheory *self, const WpTheoryCase *simulated, double service_s)
{
  const WpLayout *layout = &simulated->layout;
  gboolean is_exponential = simulated->service.shape == WP_SHAPE_EXPONENTIAL;
  double load = simulated->rate * service_s;

  if (layout->workers == WP_UNBOUNDED)
    find_unbounded (self, simulated, service_s);
  else if (simulated->traffic == WP_TRAFFIC_CONSTANT && simulated->service.shape == WP_SHAPE_CONSTANT
           && !layout->rejects)
    find_constant (self, simulated, service_s);
  else if (simulated->traffic != WP_TRAFFIC_POISSON)
    none (self, "arrivals are not Poisson");
  else if (layout->rejects && (is_exponential || layout->queue_jobs == 0))
    find_loss (self, simulated, service_s);
  else if (layout->rejects)
    none (self, "with rejection, one is known for exponential service and for a queue of 0");
  else if (load >= layout->workers)
    none (self, "the offered load exceeds the workers' capacity: no steady state");
  else if (is_exponential)
    find_patient (self, simulated, service_s);
  else if (layout->workers == 1)
    find_general (self, simulated, service_s);
  else
    none (self, "for several workers, one is known for exponential service");
}

void
wp_theory_find (WpTheory *self, const WpTheoryCase *simulated)
{
  const WpLayout *layout = &simulated->layout;
  double service_s = simulated->service.mean_ns / 1e9, think_s = simulated->think.mean_ns / 1e9;

  *self = (WpTheory){ .n_values = 0 };
  if (!simulated->patient)
    none (self, "none is known for clients that leave");
  else if (service_s == 0)
    none (self, "service takes no time");
  else if (simulated->traffic != WP_TRAFFIC_CLIENTS)
    find_open (self, simulated, service_s);
  else if (simulated->responds_at_acceptance)
    none (self, "none is known for a closed loop with --ack=accepted");
  else if (layout->workers == WP_UNBOUNDED)
    find_unbounded (self, simulated, service_s);
  else if (think_s == 0 || simulated->service.shape != WP_SHAPE_EXPONENTIAL
           || (layout->rejects && simulated->think.shape != WP_SHAPE_EXPONENTIAL))
    none (self, "for a closed loop, one is known for exponential service "
                "(and exponential think times, where the queue rejects)");
  else
    find_clients (self, simulated, service_s, think_s);
}
