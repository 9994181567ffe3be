/* wp-job-list.h - jobs in order, linked by their own ->next and ->prev. Guarded by its owner's lock. */
#pragma once

#include "runtime/queue/wp-job.h"

typedef struct {
  WpJob *head, *tail;
  guint64 n;
} WpJobList;

static inline void
wp_job_list_push (WpJobList *self, WpJob *job)
{
  job->next = NULL;
  job->prev = self->tail;
  if (self->tail)
    self->tail->next = job;
  else
    self->head = job;
  self->tail = job;
  self->n++;
}

static inline void
wp_job_list_remove (WpJobList *self, WpJob *job)
{
  *(job->prev ? &job->prev->next : &self->head) = job->next;
  *(job->next ? &job->next->prev : &self->tail) = job->prev;
  job->next = job->prev = NULL;
  self->n--;
}
