/* The channel's functions for a journal: recovery of jobs, withdrawal of jobs, and refusal while the journal
 * cannot be written. */
#include "runtime/queue/wp-channel.h"

static WpJob *
add_job (GPtrArray *jobs)
{
  WpJob *job = wp_job_new ();

  g_ptr_array_add (jobs, job);
  return job;
}

static void
check_ledger (WpChannel *channel, guint64 received, guint64 recovered, guint64 rejected, guint64 queued,
              guint64 parked)
{
  WpLedger ledger;

  wp_channel_count (channel, &ledger, NULL);
  g_assert_true (wp_ledger_balances (&ledger));
  g_assert_cmpuint (ledger.received, ==, received);
  g_assert_cmpuint (ledger.recovered, ==, recovered);
  g_assert_cmpuint (ledger.rejected, ==, rejected);
  g_assert_cmpuint (ledger.queued, ==, queued);
  g_assert_cmpuint (ledger.parked, ==, parked);
}

/* Serves all jobs in @channel, which has one worker. Every job must follow the one before it in @jobs. */
static void
serve_all (WpChannel *channel, GPtrArray *jobs, guint first)
{
  WpFreed freed;

  for (WpJob *job = jobs->pdata[first], *next; job; job = next)
    {
      next = wp_channel_take (channel, job, &freed);
      g_clear_pointer (&freed.admitted, wp_job_unref);
      g_assert_true (!next || next->seq > job->seq);
      wp_job_unref (job);
    }
}

static void
end (WpChannel *channel, WpJob *job)
{
  WpFreed freed;

  if (job->state == WP_JOB_QUEUED)
    g_assert_cmpint (wp_channel_withdraw (channel, job, &freed), ==, WP_WITHDRAWAL_DONE);
  else if (job->state == WP_JOB_IN_SERVICE)
    wp_channel_take (channel, job, &freed);
  wp_job_unref (job); /* the channel's, or of wp_channel_close() */
}

/* Jobs of an earlier run enter as places free, and no other job enters before them; then parked jobs do, in
 * order. */
static void
check_recover (guint capacity_jobs, guint workers, guint n_recovered, guint n_parked)
{
  g_autoptr (WpChannel) channel = wp_channel_new (capacity_jobs, workers, TRUE, WP_TIME_NONE);
  g_autoptr (GPtrArray) jobs = g_ptr_array_new_with_free_func ((GDestroyNotify) wp_job_unref);
  guint places = capacity_jobs + workers, n_started = 0, n_queued = 0;
  gboolean started;
  WpFreed freed;

  wp_channel_begin_recovery (channel, TRUE);
  g_assert_false (wp_channel_wait_empty (channel, 0));
  for (guint i = 0; i < n_parked; i++)
    g_assert_cmpint (wp_channel_send (channel, add_job (jobs)), ==, WP_SEND_PARKED);
  for (guint i = 0; i < n_recovered; i++)
    {
      g_assert_true (wp_channel_has_place (channel));
      g_assert_true (wp_channel_recover (channel, add_job (jobs)) == (i < workers));
    }
  g_assert_true (wp_channel_has_place (channel) == (n_recovered < places));
  check_ledger (channel, n_parked, n_recovered, 0, n_recovered - MIN (n_recovered, workers), n_parked);
  while (wp_channel_admit (channel, &freed, &started))
    {
      g_assert_true (freed.admitted == jobs->pdata[n_started + n_queued]);
      g_assert_cmpint (freed.admitted->state, ==, started ? WP_JOB_IN_SERVICE : WP_JOB_QUEUED);
      g_assert_cmpint (freed.admitted->accepted_ns, >=, freed.admitted->arrival_ns);
      g_assert_true (!started || n_queued == 0);
      n_started += started;
      n_queued += !started;
      wp_job_unref (freed.admitted);
    }
  g_assert_cmpuint (n_started + n_queued, ==, MIN (n_parked, places - n_recovered));
  g_assert_cmpuint (n_started, ==, MIN (n_parked, workers - MIN (n_recovered, workers)));
  wp_channel_close (channel);
  for (guint i = 0; i < jobs->len; i++)
    end (channel, jobs->pdata[i]);
  g_assert_true (wp_channel_wait_empty (channel, 0));
}

static void
test_recover (void)
{
  check_recover (0, 1, 1, 3);
  check_recover (0, 2, 1, 3);
  check_recover (5, 2, 7, 3);
  check_recover (5, 2, 1, 10);
  check_recover (5, 2, 3, 2);
  check_recover (5, 2, 1, 0);
}

/* A place that frees meanwhile is for the next of them, not for a parked job. */
static void
test_recovered_before_parked (void)
{
  g_autoptr (WpChannel) channel = wp_channel_new (5, 1, FALSE, WP_TIME_NONE);
  g_autoptr (GPtrArray) jobs = g_ptr_array_new_with_free_func ((GDestroyNotify) wp_job_unref);
  gboolean started;
  WpFreed freed;

  wp_channel_begin_recovery (channel, TRUE);
  g_assert_true (wp_channel_recover (channel, add_job (jobs)));
  g_assert_cmpint (wp_channel_send (channel, add_job (jobs)), ==, WP_SEND_PARKED);
  g_assert_null (wp_channel_take (channel, jobs->pdata[0], &freed));
  g_assert_null (freed.admitted);
  wp_job_unref (jobs->pdata[0]);
  check_ledger (channel, 1, 1, 0, 0, 1);
  g_assert_true (wp_channel_admit (channel, &freed, &started));
  g_assert_true (started);
  wp_job_unref (freed.admitted);
  g_assert_false (wp_channel_admit (channel, &freed, &started));
  serve_all (channel, jobs, 1);
}

/* With --when-full=reject a sender is rejected meanwhile, and nothing enters once the channel is closed. */
static void
test_recover_rejects (void)
{
  g_autoptr (WpChannel) channel = wp_channel_new (5, 1, TRUE, WP_TIME_NONE);
  g_autoptr (GPtrArray) jobs = g_ptr_array_new_with_free_func ((GDestroyNotify) wp_job_unref);
  gboolean started;
  WpFreed freed;

  wp_channel_begin_recovery (channel, FALSE);
  g_assert_cmpint (wp_channel_send (channel, add_job (jobs)), ==, WP_SEND_REJECTED);
  g_assert_false (wp_channel_admit (channel, &freed, &started));
  g_assert_true (wp_channel_wait_empty (channel, 0));
  g_assert_cmpint (wp_channel_send (channel, add_job (jobs)), ==, WP_SEND_STARTED);
  g_assert_true (wp_channel_has_place (channel));
  wp_channel_close (channel);
  g_assert_false (wp_channel_has_place (channel));
  serve_all (channel, jobs, 1);
}

/* A job that was parked behind them beyond its timeout is refused. */
static void
test_recover_expires (void)
{
  g_autoptr (WpChannel) channel = wp_channel_new (5, 1, FALSE, 1);
  g_autoptr (GPtrArray) jobs = g_ptr_array_new_with_free_func ((GDestroyNotify) wp_job_unref);
  gboolean started;
  WpFreed freed;

  wp_channel_begin_recovery (channel, TRUE);
  g_assert_cmpint (wp_channel_send (channel, add_job (jobs)), ==, WP_SEND_PARKED);
  while (wp_time_monotonic () <= ((WpJob *) jobs->pdata[0])->arrival_ns + 1)
    ;
  g_assert_false (wp_channel_admit (channel, &freed, &started));
  g_assert_true (freed.expired == jobs->pdata[0]);
  g_assert_cmpint (freed.expired->outcome, ==, WP_OUTCOME_TIMED_OUT);
  wp_job_unref (freed.expired);
}

/* A queued job can be withdrawn, and its place goes to a parked one; a job in service, or one that has ended,
 * cannot. */
static void
test_withdraw (void)
{
  g_autoptr (WpChannel) channel = wp_channel_new (2, 1, FALSE, WP_TIME_NONE);
  g_autoptr (GPtrArray) jobs = g_ptr_array_new_with_free_func ((GDestroyNotify) wp_job_unref);
  WpFreed freed;
  WpJob *job;

  for (guint i = 0; i < 4; i++)
    wp_channel_send (channel, add_job (jobs));
  job = jobs->pdata[1];
  g_assert_cmpint (wp_channel_withdraw (channel, job, &freed), ==, WP_WITHDRAWAL_DONE);
  g_assert_true (freed.admitted == jobs->pdata[3]);
  g_assert_cmpint (job->outcome, ==, WP_OUTCOME_REJECTED);
  g_assert_cmpint (job->accepted_ns, ==, WP_TIME_NONE);
  wp_job_unref (freed.admitted);
  wp_job_unref (job);
  check_ledger (channel, 4, 0, 1, 2, 0);
  g_assert_cmpint (wp_channel_withdraw (channel, job, &freed), ==, WP_WITHDRAWAL_ENDED);
  g_assert_false (job->unjournaled);
  job = jobs->pdata[0];
  g_assert_cmpint (wp_channel_withdraw (channel, job, &freed), ==, WP_WITHDRAWAL_STARTED);
  g_assert_null (freed.admitted);
  g_assert_true (job->unjournaled);
  serve_all (channel, jobs, 0);
  check_ledger (channel, 4, 0, 1, 0, 0);
}

static void
test_refuse (void)
{
  g_autoptr (WpChannel) channel = wp_channel_new (2, 1, FALSE, WP_TIME_NONE);
  g_autoptr (GPtrArray) jobs = g_ptr_array_new_with_free_func ((GDestroyNotify) wp_job_unref);

  g_assert_cmpint (wp_channel_send (channel, add_job (jobs)), ==, WP_SEND_STARTED);
  wp_channel_refuse (channel, TRUE);
  g_assert_cmpint (wp_channel_send (channel, add_job (jobs)), ==, WP_SEND_CLOSED);
  wp_channel_refuse (channel, FALSE);
  g_assert_cmpint (wp_channel_send (channel, add_job (jobs)), ==, WP_SEND_ACCEPTED);
  check_ledger (channel, 3, 0, 1, 1, 0);
  serve_all (channel, jobs, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/channel-journal/recover", test_recover);
  g_test_add_func ("/channel-journal/recovered-before-parked", test_recovered_before_parked);
  g_test_add_func ("/channel-journal/recover-rejects", test_recover_rejects);
  g_test_add_func ("/channel-journal/recover-expires", test_recover_expires);
  g_test_add_func ("/channel-journal/withdraw", test_withdraw);
  g_test_add_func ("/channel-journal/refuse", test_refuse);

  return g_test_run ();
}
